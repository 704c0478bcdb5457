"""The server, over real HTTP and websockets."""

from __future__ import annotations

import asyncio
import socket
import time
from urllib.request import urlopen

from bokeh.client import pull_session
import pytest
from tornado.httpclient import HTTPClientError
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from laecips_bringup import view_server
from laecips_bringup.view_server import PortError
from laecips_bringup.view_server import ViewServer
from laecips_bringup.view_settings import ServerSettings
from laecips_bringup.view_state import Book
from laecips_core.errors import ConfigError


def text_of(url: str) -> str:
    with urlopen(url, timeout=10.0) as answer:
        return str(answer.read().decode())


def is_let_in(server: ViewServer, origin: str) -> bool:
    """Say whether a page of some origin may open a websocket to the server."""
    url = f'ws://127.0.0.1:{server.port}/ws'

    async def connect() -> bool:
        try:
            await websocket_connect(HTTPRequest(url, headers={'Origin': origin}))
        except HTTPClientError as error:
            if error.code != 403:
                raise
            return False
        return True

    return asyncio.run(connect())


def shows_page(server: ViewServer) -> bool:
    with pull_session(url=server.url) as session:
        return session.document.select_one({'name': 'time line'}) is not None


def test_page_loads_its_scripts_from_this_server_alone() -> None:
    with ViewServer(Book(), ServerSettings(port=0)) as server:
        html = text_of(server.url)
        assert 'static/js/bokeh.min.js' in html
        assert 'https://' not in html
        script = html.split('src="')[1].split('"')[0]
        assert 'Bokeh' in text_of(server.url + script.lstrip('/'))


def test_environment_does_not_send_readers_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('BOKEH_RESOURCES', 'cdn')
    with ViewServer(Book(), ServerSettings(port=0)) as server:
        assert 'https://' not in text_of(server.url)


def test_port_is_free_again_afterwards() -> None:
    with ViewServer(Book(), ServerSettings(port=0)) as server:
        port = server.port
    with ViewServer(Book(), ServerSettings(port=port)) as server:
        assert server.port == port


def test_port_in_use_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=f'port {port} of 127.0.0.1: .* another port'):
            ViewServer(Book(), ServerSettings(port=port))


def test_address_of_another_machine_is_named() -> None:
    with pytest.raises(PortError, match=r'192\.0\.2\.1: .*another address or port'):
        ViewServer(Book(), ServerSettings(address='192.0.2.1', port=0))


def test_pages_of_other_sites_may_not_look() -> None:
    with ViewServer(Book(), ServerSettings(port=0, hosts=['robot.local'])) as server:
        assert not is_let_in(server, 'http://elsewhere.example')
        assert is_let_in(server, f'http://robot.local:{server.port}')
        assert is_let_in(server, f'http://localhost:{server.port}')


def test_readers_beyond_the_bound_are_told() -> None:
    with (
        ViewServer(Book(), ServerSettings(port=0, most_pages=1)) as server,
        pull_session(url=server.url) as first,
        pull_session(url=server.url) as second,
    ):
        assert first.document.select_one({'name': 'time line'}) is not None
        assert second.document.select_one({'name': 'full'}) is not None


def test_closed_page_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_server, '_FORGET_PAGE_MS', 100)
    with ViewServer(Book(), ServerSettings(port=0, most_pages=1)) as server:
        with pull_session(url=server.url) as first:
            assert first.document.select_one({'name': 'time line'}) is not None
        ends_s = time.monotonic() + 80.0
        while not shows_page(server):
            assert time.monotonic() < ends_s


@pytest.mark.parametrize(
    ('values', 'option'),
    [
        ({'updates_hz': 0.0}, '--frames-per-second'),
        ({'updates_hz': float('nan')}, '--frames-per-second'),
        ({'updates_hz': 31.0}, '--frames-per-second'),
        ({'port': -1}, '--port'),
        ({'port': 65536}, '--port'),
        ({'hosts': ['robot:5006']}, '--host'),
        ({'hosts': ['']}, '--host'),
    ],
)
def test_settings_that_cannot_be_served_are_refused(
    values: dict[str, object], option: str
) -> None:
    with pytest.raises(ConfigError, match=option):
        ServerSettings(**values)  # type: ignore[arg-type]
