"""Official files: downloaded in parts, checked before they get their name."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import hashlib
from http.client import HTTPException
import os
from pathlib import Path
from typing import BinaryIO
from typing import cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request
from urllib.request import urlopen

from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.zoo.entry import OfficialFile

MIRROR_VARIABLE = 'LAECIPS_MIRROR'
"""Environment variable that names a folder or address to take official files from."""

_SCHEMES = ('https', 'http', 'file')
_BLOCK_BYTES = 1 << 20
_TRIES = 5
_PARTIAL, _RANGE_REFUSED = 206, 416

Progress = Callable[[int, int], None]


def fetch_file(
    file: OfficialFile,
    folder: Path,
    progress: Progress,
    mirror: str = '',
    timeout_s: float = 30.0,
) -> Path:
    """
    Put an official file into a folder; one that is there already is only checked.

    A download that was cut goes on at the same byte, now or in a later call.

    :param file: from the table.
    :param folder: made when absent.
    :param progress: told the bytes that are there, and those there will be.
    :param mirror: address (http, https, file) of a folder that holds the file under its own name;
        empty: the official address.
    :param timeout_s: silence after which a connection is given up, in seconds.
    :returns: the file.
    :raises WeightsError: when it cannot be had or written; what came is kept for the next call.
    :raises DigestError: when it is another file; what was downloaded is removed.
    """
    place = folder / file.name
    if place.exists():
        _check_digest(place, file, 'remove it and fetch it again')
        return place
    address = f'{mirror.rstrip("/")}/{file.name}' if mirror else file.address
    if urlsplit(address).scheme not in _SCHEMES:
        raise WeightsError('mirror', 'an address with ' + ', '.join(_SCHEMES), mirror)
    part = folder / f'.{file.name}.part'
    with _only_one(part) as target:
        _download(target, file, address, progress, timeout_s, place)
        try:
            _check_digest(part, file, f'what {address} gave is removed')
        except DigestError:
            part.unlink()
            raise
        os.replace(part, place)
    return place


def _download(
    target: BinaryIO,
    file: OfficialFile,
    address: str,
    progress: Progress,
    timeout_s: float,
    place: Path,
) -> None:
    fault: Exception | None = None
    for _ in range(_TRIES):
        try:
            _go_on(target, file, address, progress, timeout_s)
            return
        except HTTPError as error:
            raise _no_file(address, error, place) from error
        except (OSError, HTTPException) as error:
            fault = error
    raise _no_file(address, fault, place) from fault


def _go_on(
    target: BinaryIO, file: OfficialFile, address: str, progress: Progress, timeout_s: float
) -> None:
    start = target.seek(0, os.SEEK_END)
    if start >= file.size_bytes and _digest(target).startswith(file.sha256):
        return
    headers = {'Range': f'bytes={start}-'} if start else {}
    try:
        # The scheme was checked; other ones never reach this.
        answer = urlopen(Request(address, headers=headers), timeout=timeout_s)
    except HTTPError as error:
        if error.code != _RANGE_REFUSED:
            raise
        target.truncate(0)
        raise ConnectionError(f'{address} has no bytes from {start} on') from error
    with answer:
        if answer.status != _PARTIAL:
            target.truncate(0)
            start = 0
        target.seek(start)
        _copy(cast('BinaryIO', answer), target, start, file, progress)
        length = answer.headers.get('Content-Length')
    if length is not None and target.tell() - start < int(length):
        raise ConnectionError(f'{address} ended after {target.tell()} bytes')


def _copy(
    answer: BinaryIO, target: BinaryIO, done: int, file: OfficialFile, progress: Progress
) -> None:
    # Published sizes are rounded; the digest decides, this bounds what is written.
    limit = file.size_bytes + file.size_bytes // 100 + 1024
    while block := answer.read(_BLOCK_BYTES):
        done += len(block)
        if done > limit:
            target.truncate(0)
            raise DigestError(
                file.name, f'{file.size_bytes} bytes', f'more than {limit}', 'it is another file'
            )
        target.write(block)
        progress(done, file.size_bytes)
    target.flush()


@contextmanager
def _only_one(part: Path) -> Iterator[BinaryIO]:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        target = part.open('a+b')
    except OSError as error:
        raise WeightsError(str(part.parent), 'a folder that can be written', error) from error
    with target:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            got = 'another one that is under way'
            raise WeightsError(part.name, 'one download at a time', got, 'wait for it') from error
        yield target


def _check_digest(path: Path, file: OfficialFile, remedy: str) -> None:
    with path.open('rb') as content:
        got = _digest(content)
    if not got.startswith(file.sha256):
        raise DigestError(str(path), f'sha256 {file.sha256}', got, remedy)


def _digest(content: BinaryIO) -> str:
    content.seek(0)
    return hashlib.file_digest(content, 'sha256').hexdigest()  # type: ignore[arg-type]


def _no_file(address: str, error: object, place: Path) -> WeightsError:
    remedy = f'download it elsewhere and put it into {place}, or name a mirror that has it'
    return WeightsError(address, 'the file', error, remedy)
