from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from laecips_bringup.bag_command import write_stream
from laecips_bringup.bag_stream import BagStream
from laecips_bringup.bag_writer import BagWriter
from laecips_bringup.bag_writer import remove_bag
from laecips_bringup.stream import StreamFrame
from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DataSetError

START_NS = 1_700_000_000_123_456_789
PERIOD_NS = 100_000_000


class NoiseStream:
    name = 'noise'
    catalogue = ClassCatalogue(('a', 'b'), ((0, 0, 0), (9, 9, 9)))

    def __init__(self, frames: int, labelled: set[int] | None = None) -> None:
        rng = np.random.default_rng(3)
        self.images = rng.integers(0, 256, (frames, 6, 8, 3), np.uint8)
        self.labels = rng.integers(0, 2, (frames, 6, 8), np.uint8)
        self.labelled = set(range(frames)) if labelled is None else labelled

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[StreamFrame]:
        for i, image in enumerate(self.images):
            labels = self.labels[i] if i in self.labelled else None
            yield StreamFrame(START_NS + i * PERIOD_NS, image, labels)


def test_raw_images_labels_and_stamps_survive(tmp_path: Path) -> None:
    stream = NoiseStream(3)
    assert write_stream(tmp_path / 'bag', stream, labels=True, jpeg_quality=None) == 3
    back = BagStream(tmp_path / 'bag')
    assert len(back) == 3
    for before, after in zip(stream, back, strict=True):
        assert after.stamp_ns == before.stamp_ns
        np.testing.assert_array_equal(after.image, before.image)
        assert after.labels is not None
        np.testing.assert_array_equal(after.labels, before.labels)


def test_bag_holds_standard_messages_at_their_stamps(tmp_path: Path) -> None:
    write_stream(tmp_path / 'bag', NoiseStream(1), labels=True, jpeg_quality=None)
    with AnyReader([tmp_path / 'bag']) as reader:
        kinds = {c.topic: c.msgtype for c in reader.connections}
        assert kinds == {'/image': 'sensor_msgs/msg/Image', '/labels': 'sensor_msgs/msg/Image'}
        connection, recorded_ns, data = next(reader.messages())
        message = reader.deserialize(data, connection.msgtype)
    assert recorded_ns == START_NS
    assert (message.encoding, message.height, message.width, message.step) == ('rgb8', 6, 8, 24)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1_700_000_000, 123_456_789)


def test_compressed_images_come_back_nearly_the_same(tmp_path: Path) -> None:
    stream = NoiseStream(2)
    stream.images[:] = np.arange(8, dtype=np.uint8)[:, None] * 20 + 30
    write_stream(tmp_path / 'bag', stream, labels=False, jpeg_quality=95)
    frames = list(BagStream(tmp_path / 'bag'))
    assert [frame.stamp_ns for frame in frames] == [START_NS, START_NS + PERIOD_NS]
    assert all(frame.labels is None for frame in frames)
    difference = frames[0].image.astype(int) - stream.images[0]
    assert np.abs(difference).max() <= 4


def test_frame_without_a_label_of_its_stamp_has_none(tmp_path: Path) -> None:
    stream = NoiseStream(4, labelled={0, 3})
    write_stream(tmp_path / 'bag', stream, labels=True, jpeg_quality=None)
    labelled = [frame.labels is not None for frame in BagStream(tmp_path / 'bag')]
    assert labelled == [True, False, False, True]


def test_thinning_keeps_first_and_last(tmp_path: Path) -> None:
    write_stream(tmp_path / 'bag', NoiseStream(5), labels=True, jpeg_quality=None)
    stream = BagStream(tmp_path / 'bag', frames=3)
    assert len(stream) == 3
    stamps = [(frame.stamp_ns - START_NS) // PERIOD_NS for frame in stream]
    assert stamps == [0, 2, 4]


def test_stamps_that_do_not_grow_are_refused(tmp_path: Path) -> None:
    stream = NoiseStream(1)
    with BagWriter(tmp_path / 'bag') as bag:
        for _ in range(2):
            bag.write_rgb('/image', START_NS, stream.images[0])
    with pytest.raises(DataSetError, match=f'expected stamps that grow, after {START_NS} ns'):
        list(BagStream(tmp_path / 'bag'))


def test_unknown_topic_lists_the_image_topics(tmp_path: Path) -> None:
    write_stream(tmp_path / 'bag', NoiseStream(1), labels=True, jpeg_quality=None)
    with pytest.raises(DataSetError, match=r'/cam of type .*, got these .*: /image, /labels'):
        BagStream(tmp_path / 'bag', image_topic='cam')
    with pytest.raises(DataSetError, match='/truth of type sensor_msgs/msg/Image, got'):
        BagStream(tmp_path / 'bag', label_topic='truth')


def test_several_image_topics_have_to_be_chosen_from(tmp_path: Path) -> None:
    stream = NoiseStream(1)
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write_rgb('/left', START_NS, stream.images[0])
        bag.write_rgb('/right', START_NS, stream.images[0])
    with pytest.raises(DataSetError, match='expected one image topic, got /left, /right'):
        BagStream(tmp_path / 'bag')
    assert len(BagStream(tmp_path / 'bag', image_topic='left')) == 1


def test_existing_folder_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match='expected a new folder for a bag'):
        BagWriter(tmp_path)


def test_bag_of_an_earlier_run_is_removed(tmp_path: Path) -> None:
    write_stream(tmp_path / 'masks', NoiseStream(1), labels=True, jpeg_quality=None)
    remove_bag(tmp_path / 'masks')
    remove_bag(tmp_path / 'masks')
    assert list(tmp_path.iterdir()) == []


def test_only_bags_are_removed(tmp_path: Path) -> None:
    (tmp_path / 'thesis.txt').touch()
    with pytest.raises(DataSetError, match=r"expected a bag or nothing, got \['thesis.txt'\]"):
        remove_bag(tmp_path)
    assert (tmp_path / 'thesis.txt').exists()
