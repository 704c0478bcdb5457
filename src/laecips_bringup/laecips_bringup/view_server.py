"""Serves the live page, its scripts included, from this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
import errno
from functools import partial
import os
from socket import socket
from threading import Thread
from types import TracebackType

from bokeh.application.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.util import bind_sockets
from bokeh.settings import settings as bokeh_settings
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from laecips_bringup.view_page import add_full_notice
from laecips_bringup.view_page import add_page
from laecips_bringup.view_settings import ServerSettings
from laecips_bringup.view_state import Book
from laecips_core.errors import LaecipsError

_FORGET_PAGE_MS = 5_000
_STOP_S = 10.0


class PortError(LaecipsError):
    """The page cannot be served at this address and port."""

    code = 'no_port'

    def __init__(self, address: str, port: int, error: OSError) -> None:
        """
        Name the port and what stands against it.

        :param address: asked for.
        :param port: asked for.
        :param error: of the operating system.
        """
        self.address, self.port = address, port
        if error.errno == errno.EADDRINUSE:
            got, do = 'another program on it', 'end that one, or choose another port'
        else:
            reason = os.strerror(error.errno) if error.errno else str(error)
            got, do = reason, 'choose another address or port'
        super().__init__(f'port {port} of {address}: expected it free, got {got}; {do}')


class ViewServer:
    """The page is served while a ``with`` block runs, from a thread of its own."""

    def __init__(self, book: Book, settings: ServerSettings) -> None:
        """
        Take the port.

        :param book: what is known.
        :param settings: where and how.
        :raises PortError: when the port cannot be had.
        """
        self._book, self._settings = book, settings
        self._sockets, self.port = _sockets_of(settings.address, settings.port)
        self._open_pages = 0
        self._stop: Future[Callable[[], object]] = Future()
        self._thread = Thread(target=self._run, name='laecips_view_page', daemon=True)

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        any_address = self._settings.address in ('', '0.0.0.0', '::')
        return f'http://{"localhost" if any_address else self._settings.address}:{self.port}/'

    def __enter__(self) -> ViewServer:
        """Start to serve."""
        self._thread.start()
        self._stop.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; open pages say so."""
        self._stop.result()()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self._stop.done():
                raise
            self._stop.set_exception(error)

    async def _serve(self) -> None:
        told_to_stop = asyncio.Event()
        tornado = self._application()
        http = HTTPServer(tornado)
        http.add_sockets(self._sockets)
        server = BaseServer(IOLoop.current(), tornado, http)
        server.start()
        stop = partial(asyncio.get_running_loop().call_soon_threadsafe, told_to_stop.set)
        self._stop.set_result(stop)
        await told_to_stop.wait()
        server.stop()
        await http.close_all_connections()

    def _application(self) -> BokehTornado:
        # Whatever the environment says: every script comes from this server.
        bokeh_settings.resources = 'server'
        names = {'localhost', '127.0.0.1', self._settings.address, *self._settings.hosts}
        return BokehTornado(
            Application(FunctionHandler(self._fill)),
            extra_websocket_origins=[f'{name}:{self.port}' for name in names if name],
            unused_session_lifetime_milliseconds=_FORGET_PAGE_MS,
            check_unused_sessions_milliseconds=1_000,
        )

    def _fill(self, document: Document) -> None:
        if self._open_pages >= self._settings.most_pages:
            add_full_notice(document, self._settings.most_pages)
            return
        self._open_pages += 1
        document.on_session_destroyed(self._forget)
        add_page(document, self._book, self._settings.where, self._settings.updates_hz)

    def _forget(self, _: object) -> None:
        self._open_pages -= 1


def _sockets_of(address: str, port: int) -> tuple[list[socket], int]:
    try:
        return bind_sockets(address, port)
    except OSError as error:
        raise PortError(address, port, error) from error
