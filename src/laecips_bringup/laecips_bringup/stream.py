"""Frames to replay, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DataSetError
from laecips_core.errors import LaecipsError
from laecips_core.ports import DataSet
from laecips_core.values import Image
from laecips_core.values import LabelMap

IMAGE_TOPIC = '/image'
LABEL_TOPIC = '/labels'


@dataclass(frozen=True)
class StreamFrame:
    """
    One frame to feed in.

    :param stamp_ns: capture time in ns; larger than that of the frame before.
    :param image: (H, W, 3) uint8 RGB.
    :param labels: (H, W) uint8 class ids, 255 where not annotated; None without annotation.
    :param task: task it belongs to, from 0.
    """

    stamp_ns: int
    image: Image
    labels: LabelMap | None
    task: int = 0


@dataclass(frozen=True)
class UnreadableFrame:
    """
    A frame that is there, but that no edge node could use.

    :param stamp_ns: capture time in ns, or of recording where the message has no readable header.
    :param error: why.
    :param task: task it belongs to, from 0.
    """

    stamp_ns: int
    error: LaecipsError
    task: int = 0


class Stream(Protocol):
    """
    Frames in chronological order; iterating again starts again.

    :param name: for the table and the report.
    :param catalogue: the classes of the labels; None when unknown.
    """

    name: str
    catalogue: ClassCatalogue | None

    def __len__(self) -> int:
        """Count the frames."""

    def __iter__(self) -> Iterator[StreamFrame | UnreadableFrame]:
        """Read one frame at a time."""


class DataSetStream:
    """The frames of a data set."""

    def __init__(self, dataset: DataSet) -> None:
        """
        Read nothing yet.

        :param dataset: an opened data set.
        """
        self._dataset = dataset
        self.name = dataset.name
        self.catalogue: ClassCatalogue | None = dataset.catalogue

    def __len__(self) -> int:
        """Count the frames."""
        return len(self._dataset)

    def __iter__(self) -> Iterator[StreamFrame]:
        """
        Read one frame at a time.

        :raises DataSetError: when a stamp is not larger than the one before.
        """
        order = StampOrder(self.name)
        for index in range(len(self._dataset)):
            item = self._dataset[index]
            order.check(item.frame.stamp_ns)
            yield StreamFrame(item.frame.stamp_ns, item.frame.image, item.labels, item.task)


class StampOrder:
    """
    Refuses stamps that do not grow: they name the frames.

    :param name: of the stream, for the error.
    """

    def __init__(self, name: str) -> None:
        """Accept any first stamp."""
        self._name = name
        self._last_ns: int | None = None

    def check(self, stamp_ns: int) -> None:
        """
        Take the next stamp, in ns.

        :raises DataSetError: when it is not larger than the one before.
        """
        if self._last_ns is not None and stamp_ns <= self._last_ns:
            raise DataSetError(
                self._name, f'stamps that grow, after {self._last_ns} ns', f'{stamp_ns} ns'
            )
        self._last_ns = stamp_ns
