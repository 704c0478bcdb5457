"""``laecips view``: what edge and cloud do, live in a browser."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
import signal
from threading import Event

from laecips_bringup.replay_node import TRUTH_TOPIC
from laecips_bringup.view_listener import listening
from laecips_bringup.view_node import ViewTopics
from laecips_bringup.view_server import ViewServer
from laecips_bringup.view_settings import DEFAULT_ADDRESS
from laecips_bringup.view_settings import DEFAULT_PORT
from laecips_bringup.view_settings import DEFAULT_UPDATES_HZ
from laecips_bringup.view_settings import ServerSettings
from laecips_bringup.view_state import Book

_DEFAULTS = ViewTopics()


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare what the command takes.

    :param parser: gets the options.
    """
    topics = parser.add_argument_group('topics')
    topics.add_argument(
        '--namespace', default='', metavar='NAME', help='Of edge and cloud. Default: the root.'
    )
    topics.add_argument(
        '--image', default=_DEFAULTS.image, metavar='TOPIC',
        help=f'Camera. Default: {_DEFAULTS.image}.',
    )  # fmt: skip
    topics.add_argument(
        '--compressed', action='store_true', help='That topic carries CompressedImage.'
    )
    topics.add_argument(
        '--truth', default=TRUTH_TOPIC, metavar='TOPIC',
        help=f'mono8 class ids with the header of the frame, for mIoU. Default: {TRUTH_TOPIC}.',
    )  # fmt: skip
    page = parser.add_argument_group('page')
    page.add_argument(
        '--address', default=DEFAULT_ADDRESS,
        help=f'Network address to serve at; 0.0.0.0: all. Default: {DEFAULT_ADDRESS}.',
    )  # fmt: skip
    page.add_argument(
        '--port', type=int, default=DEFAULT_PORT,
        help=f'0: any free one. Default: {DEFAULT_PORT}.',
    )  # fmt: skip
    page.add_argument(
        '--host', action='append', default=[], metavar='NAME',
        help='Name or address by which other machines call this one; may be repeated.',
    )  # fmt: skip
    page.add_argument(
        '--frames-per-second', type=float, default=DEFAULT_UPDATES_HZ, metavar='HZ',
        help=f'Updates of the page a second, at most. Default: {DEFAULT_UPDATES_HZ:g}.',
    )  # fmt: skip


def run(arguments: Namespace) -> int:
    """
    Serve the page until Ctrl-C or SIGTERM.

    :param arguments: parsed from :func:`add_arguments`.
    :returns: exit status 0.
    :raises LaecipsError: when the page cannot be served.
    """
    topics = ViewTopics(
        arguments.namespace, arguments.image, arguments.compressed, arguments.truth
    )
    settings = ServerSettings(
        address=arguments.address,
        port=arguments.port,
        hosts=arguments.host,
        updates_hz=arguments.frames_per_second,
        where=f'namespace {topics.namespace}' if topics.namespace else '',
    )
    book = Book()
    with _ended_by_sigterm(), ViewServer(book, settings) as server, listening(book, topics):
        print(f'page: {server.url}', flush=True)
        try:
            Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
