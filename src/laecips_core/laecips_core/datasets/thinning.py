"""Evenly thins out a sequence of frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from laecips_core.errors import DataSetError

T = TypeVar('T')


def thinned(items: Sequence[T], count: int) -> Sequence[T]:
    """
    Keep ``count`` items at even distances, in order.

    :param items: all of them.
    :param count: how many to keep; 0 keeps all.
    :returns: the kept ones; the first is always among them.
    :raises DataSetError: when there are fewer than ``count``.
    """
    if count > len(items):
        raise DataSetError(
            'frames', f'at most the {len(items)} frames there are', count, 'ask for fewer, or 0'
        )
    if count <= 0:
        return items
    return [items[number * len(items) // count] for number in range(count)]
