from __future__ import annotations

from collections.abc import Iterator
import hashlib
from http.server import BaseHTTPRequestHandler
from http.server import HTTPServer
from pathlib import Path
import threading

import pytest

from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.zoo.entry import OfficialFile
from laecips_core.zoo.fetch import fetch_file

CONTENT = bytes(range(256)) * 8000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = 'net-12345678.pth'


class Server(HTTPServer):
    """Serves one file; each answer may be cut, and ranges may be ignored."""

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.cuts: list[int] = []
        self.knows_ranges = True
        self.content = CONTENT
        self.ranges: list[str | None] = []

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that has had enough hangs up."""

    @property
    def address(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get('Range')
        self.server.ranges.append(wanted)
        if self.path != f'/{NAME}':
            self.send_error(404)
            return
        start = 0
        if wanted is not None and self.server.knows_ranges:
            start = int(wanted.removeprefix('bytes=').removesuffix('-'))
        if start > len(self.server.content):
            self.send_error(416)
            return
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(body)
        self.wfile.write(body[:cut])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _file(server: Server, sha256: str = SHA256) -> OfficialFile:
    return OfficialFile(f'{server.address}/{NAME}', len(CONTENT), sha256)


def _silent(done: int, total: int) -> None:
    pass


@pytest.mark.parametrize('digits', [64, 8])
def test_file_is_fetched_checked_and_named(server: Server, tmp_path: Path, digits: int) -> None:
    told: list[tuple[int, int]] = []
    file = _file(server, SHA256[:digits])
    got = fetch_file(file, tmp_path / 'models', lambda *step: told.append(step))
    assert got == tmp_path / 'models' / NAME
    assert got.read_bytes() == CONTENT
    assert [path.name for path in got.parent.iterdir()] == [NAME]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch_file(_file(server), tmp_path, _silent)
    fetch_file(_file(server), tmp_path, _silent)
    assert server.ranges == [None]


def test_file_that_is_there_but_another_is_refused_and_kept(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(b'mine')
    with pytest.raises(DigestError, match='remove it and fetch it again'):
        fetch_file(_file(server), tmp_path, _silent)
    assert (tmp_path / NAME).read_bytes() == b'mine'
    assert server.ranges == []


def test_cut_download_goes_on_at_the_same_byte(server: Server, tmp_path: Path) -> None:
    server.cuts = [1_500_000, 200_000]
    assert fetch_file(_file(server), tmp_path, _silent).read_bytes() == CONTENT
    assert server.ranges == [None, 'bytes=1500000-', 'bytes=1700000-']


def test_download_given_up_goes_on_in_a_later_call(server: Server, tmp_path: Path) -> None:
    server.cuts = [1000] * 5
    with pytest.raises(WeightsError, match='ended after 5000 bytes; download it elsewhere'):
        fetch_file(_file(server), tmp_path, _silent)
    assert not (tmp_path / NAME).exists()
    assert fetch_file(_file(server), tmp_path, _silent).read_bytes() == CONTENT
    assert server.ranges[-1] == 'bytes=5000-'


def test_server_without_ranges_sends_all_again(server: Server, tmp_path: Path) -> None:
    server.cuts, server.knows_ranges = [1000], False
    assert fetch_file(_file(server), tmp_path, _silent).read_bytes() == CONTENT
    assert server.ranges == [None, 'bytes=1000-']


def test_part_longer_than_the_file_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / f'.{NAME}.part').write_bytes(b'x' * (len(CONTENT) + 1))
    assert fetch_file(_file(server), tmp_path, _silent).read_bytes() == CONTENT


def test_whole_part_is_only_checked(server: Server, tmp_path: Path) -> None:
    (tmp_path / f'.{NAME}.part').write_bytes(CONTENT)
    assert fetch_file(_file(server), tmp_path, _silent).read_bytes() == CONTENT
    assert server.ranges == []


def test_other_bytes_are_refused_and_removed(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b'x'
    with pytest.raises(DigestError, match=f'expected sha256 {SHA256}, got [0-9a-f]{{64}}'):
        fetch_file(_file(server), tmp_path, _silent)
    assert list(tmp_path.iterdir()) == []


def test_more_bytes_than_published_are_refused_while_they_come(
    server: Server, tmp_path: Path
) -> None:
    server.content = CONTENT * 3
    with pytest.raises(DigestError, match=f'expected {len(CONTENT)} bytes, got more than'):
        fetch_file(_file(server), tmp_path, _silent)
    assert not (tmp_path / NAME).exists()
    assert (tmp_path / f'.{NAME}.part').stat().st_size == 0


@pytest.mark.parametrize('slash', ['', '/'])
def test_mirror_is_asked_by_the_name_of_the_file(
    server: Server, tmp_path: Path, slash: str
) -> None:
    file = OfficialFile(f'http://127.0.0.1:9/official/{NAME}', len(CONTENT), SHA256)
    got = fetch_file(file, tmp_path, _silent, mirror=server.address + slash)
    assert got.read_bytes() == CONTENT


def test_folder_is_a_mirror(tmp_path: Path) -> None:
    (tmp_path / 'stick').mkdir()
    (tmp_path / 'stick' / NAME).write_bytes(CONTENT)
    file = OfficialFile(f'https://models.invalid/{NAME}', len(CONTENT), SHA256)
    mirror = (tmp_path / 'stick').as_uri()
    assert fetch_file(file, tmp_path / 'models', _silent, mirror).read_bytes() == CONTENT


@pytest.mark.parametrize('mirror', ['ftp://host/models', '/srv/models', 'data:,x'])
def test_mirror_of_another_kind_is_refused(tmp_path: Path, mirror: str) -> None:
    file = OfficialFile(f'https://models.invalid/{NAME}', len(CONTENT), SHA256)
    with pytest.raises(WeightsError, match='mirror: expected an address with https, http, file'):
        fetch_file(file, tmp_path, _silent, mirror)


def test_without_a_network_it_says_which_file_to_put_where(tmp_path: Path) -> None:
    # Nothing listens on the discard port.
    file = OfficialFile(f'http://127.0.0.1:9/{NAME}', len(CONTENT), SHA256)
    with pytest.raises(WeightsError) as caught:
        fetch_file(file, tmp_path, _silent, timeout_s=2.0)
    message = str(caught.value)
    assert message.startswith(f'http://127.0.0.1:9/{NAME}: expected the file, got ')
    assert f'download it elsewhere and put it into {tmp_path / NAME}' in message


def test_missing_file_is_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    file = OfficialFile(f'{server.address}/other.pth', len(CONTENT), SHA256)
    with pytest.raises(WeightsError, match='HTTP Error 404'):
        fetch_file(file, tmp_path, _silent)
    assert server.ranges == [None]


def test_two_downloads_of_one_file_do_not_mix(server: Server, tmp_path: Path) -> None:
    errors: list[WeightsError] = []

    def second(done: int, total: int) -> None:
        with pytest.raises(WeightsError) as caught:
            fetch_file(_file(server), tmp_path, _silent)
        errors.append(caught.value)

    assert fetch_file(_file(server), tmp_path, second).read_bytes() == CONTENT
    assert 'one download at a time' in str(errors[0])


def test_folder_that_cannot_be_made_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / 'models').write_bytes(b'')
    with pytest.raises(WeightsError, match='a folder that can be written'):
        fetch_file(_file(server), tmp_path / 'models', _silent)
