"""Reads the messages of rosbag2 bags, without ROS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection

from laecips_bringup.bag_files import bag_files
from laecips_bringup.bag_files import BagError
from laecips_bringup.bag_files import reindex
from laecips_bringup.bag_types import bag_types
from laecips_core.errors import LaecipsError

_NS_PER_S = 1_000_000_000
_ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'


class BagMessageError(LaecipsError):
    """One message of a bag cannot be read; those after it can."""

    code = 'bad_message'

    def __init__(self, topic: str, recorded_ns: int, got: object) -> None:
        """
        Name the message.

        :param topic: where it was recorded.
        :param recorded_ns: when, in ns.
        :param got: what was found instead.
        """
        what = f'message on {topic}, recorded at {recorded_ns} ns'
        super().__init__(f'{what}: expected one of its type, got {got}')


@dataclass(frozen=True)
class BagTopic:
    """
    One topic of a bag.

    :param kind: message type, such as ``sensor_msgs/msg/Image``; empty: of several types.
    :param count: messages, as the bag's index says.
    """

    kind: str
    count: int


@dataclass(frozen=True)
class BagMessage:
    """
    One message of a bag.

    :param topic: full name.
    :param recorded_ns: when it was recorded, in ns.
    :param content: the message, as rosbags gives it; the error when it cannot be read.
    """

    topic: str
    recorded_ns: int
    content: Any

    @property
    def stamp_ns(self) -> int:
        """Stamp of the header in ns; time of recording where no header can be read."""
        header = getattr(self.content, 'header', None)
        if header is None:
            return self.recorded_ns
        return header.stamp.sec * _NS_PER_S + header.stamp.nanosec


class BagReader:
    """
    A bag, sqlite3 or mcap, compressed or not; messages are read one at a time.

    :param path: folder of the bag, or a storage file of one that was not compressed by rosbag2.
    :raises BagError: when there is no such bag, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        """Look at what the bag holds."""
        self.path = path
        with self._open() as reader:
            self.topics = {
                topic: BagTopic(info.msgtype or '', info.msgcount)
                for topic, info in reader.topics.items()
            }

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """
        Name the topics of some message types.

        :param kinds: the types.
        :returns: full names, sorted.
        """
        return tuple(sorted(name for name, topic in self.topics.items() if topic.kind in kinds))

    def expect(self, topic: str, *kinds: str) -> BagTopic:
        """
        Give a topic that has to be there.

        :param topic: full name.
        :param kinds: the types it may have.
        :raises BagError: when the bag has no such topic, or it is of another type.
        """
        what = f'{topic} of type {" or ".join(kinds)}'
        if topic not in self.topics:
            known = ', '.join(self.of_kind(*kinds)) or 'none'
            raise BagError(str(self.path), what, f'these topics of that type: {known}')
        if self.topics[topic].kind not in kinds:
            raise BagError(str(self.path), what, self.topics[topic].kind or 'several types')
        return self.topics[topic]

    def messages(self, *topics: str) -> Iterator[BagMessage]:
        """
        Read some topics in the order of recording.

        :param topics: full names that the bag has.
        :raises BagError: when the bag is damaged, or holds fewer messages than its index says.
        """
        left = Counter({topic: self.topics[topic].count for topic in topics})
        with self._open() as reader:
            wanted = [c for c in reader.connections if c.topic in left]
            # Without a connection rosbags would read all of them.
            rows = reader.messages(wanted) if wanted else iter(())
            while (row := self._next(rows, left)) is not None:
                connection, recorded_ns, data = row
                left[connection.topic] -= 1
                content = self._content(reader, connection, recorded_ns, data)
                yield BagMessage(connection.topic, recorded_ns, content)
        self._expect_all(left)

    def _next(
        self, rows: Iterator[tuple[Connection, int, bytes]], left: Counter[str]
    ) -> tuple[Connection, int, bytes] | None:
        with self._blamed_on_bag(f'{_counts(left)} more'):
            return next(rows, None)

    def _content(
        self, reader: AnyReader, connection: Connection, recorded_ns: int, data: bytes
    ) -> Any:
        if data[:4] == _ZSTD_MAGIC:
            raise BagError(
                str(self.path),
                'metadata.yaml, since its messages are compressed',
                'none',
                f'name a folder that has it, or run {reindex(self.path)}',
            )
        try:
            return reader.deserialize(data, connection.msgtype)
        # rosbags unpacks whatever the bytes say, and any step of that may fail.
        except Exception as error:
            return BagMessageError(connection.topic, recorded_ns, repr(str(error)))

    def _expect_all(self, left: Counter[str]) -> None:
        if any(left.values()):
            index = Counter({topic: self.topics[topic].count for topic in left})
            found = Counter({topic: index[topic] - left[topic] for topic in left})
            do = f'the bag may be cut; run {reindex(self.path)}'
            expected = f'what its index says, {_counts(index)}'
            raise BagError(str(self.path), expected, _counts(found), do)

    @contextmanager
    def _open(self) -> Iterator[AnyReader]:
        with self._blamed_on_bag('a bag that is whole'):
            reader = AnyReader(bag_files(self.path), default_typestore=bag_types())
            reader.open()
        try:
            yield reader
        finally:
            reader.close()

    @contextmanager
    def _blamed_on_bag(self, expected: str) -> Iterator[None]:
        try:
            yield
        except LaecipsError:
            raise
        # AnyReaderError, ReaderError, OSError, EOFError, errors of apsw and of zstd, and more.
        except Exception as error:
            do = f'the bag may be cut; run {reindex(self.path)}'
            raise BagError(str(self.path), expected, repr(str(error)), do) from error


def _counts(counts: Counter[str]) -> str:
    return ', '.join(f'{count} messages on {topic}' for topic, count in sorted(counts.items()))
