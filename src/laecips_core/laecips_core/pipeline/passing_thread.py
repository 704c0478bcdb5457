"""Work for which a thread is made that ends with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar('T')


def in_passing_thread(work: Callable[[], T]) -> T:
    """
    Run something beside the thread that judges frames, and leave no thread behind.

    A thread that has run torch keeps OpenMP workers for as long as it lives. As soon as there are
    more of them than cores, all of them sleep between two layers instead of waiting awake, and a
    frame takes up to twice the time.

    :param work: loads or tries out weights; what it raises is raised here.
    :returns: what it returns.
    """
    with ThreadPoolExecutor(1, 'passing') as passing:
        return passing.submit(work).result()
