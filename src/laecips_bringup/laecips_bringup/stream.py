"""Frames to replay, one at a time, from a data set or a bag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from laecips_bringup.bag_files import BagError
from laecips_bringup.bag_images import COMPRESSED_TYPE
from laecips_bringup.bag_images import IMAGE_TYPE
from laecips_bringup.bag_images import map_of
from laecips_bringup.bag_images import pixels_of
from laecips_bringup.bag_reader import BagMessage
from laecips_bringup.bag_reader import BagReader
from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import LimitsConfig
from laecips_core.errors import DataSetError
from laecips_core.errors import LaecipsError
from laecips_core.learning.split import thin
from laecips_core.ports import DataSet
from laecips_core.values import Image
from laecips_core.values import LabelMap

IMAGE_TOPIC = '/image'
LABEL_TOPIC = '/labels'

_IMAGE_TYPES = (IMAGE_TYPE, COMPRESSED_TYPE)


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


class BagStream:
    """The images of a bag, with labels from a topic of the same stamps."""

    catalogue: ClassCatalogue | None = None

    def __init__(
        self,
        path: Path,
        image_topic: str = '',
        label_topic: str = '',
        frames: int = 0,
    ) -> None:
        """
        Look at what the bag holds.

        :param path: folder of the bag, or one of its files.
        :param image_topic: raw or compressed images; empty: ``/image``, or the only one.
        :param label_topic: mono8 class ids; empty: ``/labels`` if the bag has it.
        :param frames: number of frames, evenly thinned out; 0: all.
        :raises BagError: when there is no such bag or topic, or it has no images.
        """
        self.name = path.name
        self._bag = BagReader(path)
        self._labels = self._label_topic(_full(label_topic))
        self._images = self._image_topic(_full(image_topic))
        count = self._bag.expect(self._images, *_IMAGE_TYPES).count
        if count == 0:
            raise BagError(str(path), f'at least one image on {self._images}', 'none')
        self._indices = thin(range(count), frames) if frames else list(range(count))

    def __len__(self) -> int:
        """Count the frames."""
        return len(self._indices)

    def __iter__(self) -> Iterator[StreamFrame | UnreadableFrame]:
        """
        Read one frame at a time; a frame without a label of its stamp has none.

        :raises DataSetError: when a stamp is not larger than the one before.
        :raises BagError: when the bag is damaged.
        :raises LaecipsError: when a label map cannot be used.
        """
        wanted = set(self._indices)
        labels = _LabelsByStamp(self._bag, self._labels)
        order = StampOrder(f'{self.name} {self._images}')
        limits = LimitsConfig()
        for index, message in enumerate(self._bag.messages(self._images)):
            # The time of recording, all that is known of an unreadable one, is another clock's.
            if not isinstance(message.content, LaecipsError):
                order.check(message.stamp_ns)
            if index in wanted:
                yield _frame(message, labels, limits)

    def _label_topic(self, asked: str) -> str:
        if asked:
            self._bag.expect(asked, IMAGE_TYPE)
            return asked
        return LABEL_TOPIC if LABEL_TOPIC in self._bag.of_kind(IMAGE_TYPE) else ''

    def _image_topic(self, asked: str) -> str:
        topics = [topic for topic in self._bag.of_kind(*_IMAGE_TYPES) if topic != self._labels]
        if asked or IMAGE_TOPIC in topics or not topics:
            return asked or IMAGE_TOPIC
        if len(topics) > 1:
            raise BagError(
                str(self._bag.path), 'one image topic', ', '.join(topics), 'choose --image-topic'
            )
        return topics[0]


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


class _LabelsByStamp:
    """Walks a label topic beside an image topic; both in the order of their stamps."""

    def __init__(self, bag: BagReader, topic: str) -> None:
        self._messages = bag.messages(topic) if topic else iter(())
        self._next = next(self._messages, None)

    def at(self, stamp_ns: int) -> LabelMap | None:
        while self._next is not None and self._next.stamp_ns < stamp_ns:
            self._next = next(self._messages, None)
        if self._next is None or self._next.stamp_ns != stamp_ns:
            return None
        return map_of(self._next.content)


def _frame(
    message: BagMessage, labels: _LabelsByStamp, limits: LimitsConfig
) -> StreamFrame | UnreadableFrame:
    stamp_ns = message.stamp_ns
    truth = labels.at(stamp_ns)
    try:
        return StreamFrame(stamp_ns, pixels_of(message.content, limits), truth)
    except LaecipsError as error:
        return UnreadableFrame(stamp_ns, error)


def _full(topic: str) -> str:
    return f'/{topic.lstrip("/")}' if topic else ''
