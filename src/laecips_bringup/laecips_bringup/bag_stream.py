"""Frames to replay from a bag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laecips_bringup.bag_files import BagError
from laecips_bringup.bag_images import COMPRESSED_TYPE
from laecips_bringup.bag_images import IMAGE_TYPE
from laecips_bringup.bag_images import map_of
from laecips_bringup.bag_images import pixels_of
from laecips_bringup.bag_reader import BagMessage
from laecips_bringup.bag_reader import BagReader
from laecips_bringup.stream import IMAGE_TOPIC
from laecips_bringup.stream import LABEL_TOPIC
from laecips_bringup.stream import StampOrder
from laecips_bringup.stream import StreamFrame
from laecips_bringup.stream import UnreadableFrame
from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import LimitsConfig
from laecips_core.errors import LaecipsError
from laecips_core.learning.split import thin
from laecips_core.values import LabelMap

_IMAGE_TYPES = (IMAGE_TYPE, COMPRESSED_TYPE)


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
