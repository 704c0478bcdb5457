"""The live page beside a demo: one page for all of its runs."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextlib import contextmanager
from contextlib import nullcontext

Watch = Callable[[str], AbstractContextManager[None]]
"""Gives, from the name of a run, what shows it while a ``with`` block runs."""


def unwatched(_: str) -> AbstractContextManager[None]:
    """Show a run nowhere."""
    return nullcontext()


@contextmanager
def live_page(port: int, tell: Callable[[str], None]) -> Iterator[Watch]:
    """
    Serve the page while the block runs.

    :param port: of this machine; 0: any free one.
    :param tell: is told the address.
    :returns: what shows a run; called and entered in the run's ROS domain.
    :raises PortError: when the port cannot be had.
    """
    # Its imports are slow, and only this page needs them.
    from laecips_bringup.view_listener import listening
    from laecips_bringup.view_node import ViewTopics
    from laecips_bringup.view_server import ViewServer
    from laecips_bringup.view_settings import ServerSettings
    from laecips_bringup.view_state import Book

    book = Book()

    @contextmanager
    def watch(name: str) -> Iterator[None]:
        book.begin_run(name)
        with listening(book, ViewTopics()):
            yield

    settings = ServerSettings(port=port, where='demo, on simulated frames')
    with ViewServer(book, settings) as server:
        tell(f'page: {server.url} (as long as the demo runs)')
        yield watch
