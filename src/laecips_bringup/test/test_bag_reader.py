from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag2 import CompressionMode
from rosbags.rosbag2 import StoragePlugin

from laecips_bringup.bag_files import BagError
from laecips_bringup.bag_reader import BagMessageError
from laecips_bringup.bag_reader import BagReader

IMAGE = 'sensor_msgs/msg/Image'
PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
SECOND_NS = 1_000_000_000
STORAGES = [
    (StoragePlugin.SQLITE3, CompressionMode.NONE),
    (StoragePlugin.SQLITE3, CompressionMode.FILE),
    (StoragePlugin.SQLITE3, CompressionMode.MESSAGE),
    (StoragePlugin.MCAP, CompressionMode.NONE),
    (StoragePlugin.MCAP, CompressionMode.FILE),
    (StoragePlugin.MCAP, CompressionMode.MESSAGE),
    (StoragePlugin.MCAP, CompressionMode.STORAGE),
]


def written(bags: Any, path: Path, storage: StoragePlugin, mode: CompressionMode) -> Path:
    messages = [('/image', i * SECOND_NS + 7, bags.image(i, PIXELS + i)) for i in range(3)]
    return bags.write(path, messages, storage, mode)


def first_values(path: Path) -> list[int]:
    return [int(m.content.data[0]) for m in BagReader(path).messages('/image')]


@pytest.mark.parametrize(('storage', 'mode'), STORAGES)
def test_every_storage_and_compression_is_read(
    bags: Any, tmp_path: Path, storage: StoragePlugin, mode: CompressionMode
) -> None:
    reader = BagReader(written(bags, tmp_path / 'bag', storage, mode))
    assert (reader.topics['/image'].kind, reader.topics['/image'].count) == (IMAGE, 3)
    messages = list(reader.messages('/image'))
    assert [(m.topic, m.recorded_ns, m.stamp_ns) for m in messages] == [
        ('/image', 7, 0),
        ('/image', SECOND_NS + 7, 1),
        ('/image', 2 * SECOND_NS + 7, 2),
    ]
    assert [int(m.content.data[0]) for m in messages] == [0, 1, 2]


@pytest.mark.parametrize('storage', [StoragePlugin.SQLITE3, StoragePlugin.MCAP])
def test_single_file_is_read(bags: Any, tmp_path: Path, storage: StoragePlugin) -> None:
    path = written(bags, tmp_path / 'bag', storage, CompressionMode.NONE)
    (file,) = (p for p in path.iterdir() if p.name != 'metadata.yaml')
    assert first_values(file) == [0, 1, 2]


@pytest.mark.parametrize('storage', [StoragePlugin.SQLITE3, StoragePlugin.MCAP])
def test_folder_without_metadata_is_read(
    bags: Any, tmp_path: Path, storage: StoragePlugin
) -> None:
    path = written(bags, tmp_path / 'bag', storage, CompressionMode.NONE)
    (path / 'metadata.yaml').unlink()
    assert first_values(path) == [0, 1, 2]


def test_files_of_a_split_bag_without_metadata_are_read_as_one(bags: Any, tmp_path: Path) -> None:
    folder = tmp_path / 'split'
    folder.mkdir()
    for part in (1, 0):
        message = ('/image', part, bags.image(part, PIXELS + part))
        bags.write(tmp_path / f'part{part}', [message])
        (tmp_path / f'part{part}' / f'part{part}.mcap').rename(folder / f'{9 - part}.mcap')
    assert BagReader(folder).topics['/image'].count == 2
    assert first_values(folder) == [0, 1]


@pytest.mark.parametrize(
    ('storage', 'mode'), [one for one in STORAGES if one[1] is CompressionMode.FILE]
)
def test_compressed_files_without_metadata_ask_for_reindex(
    bags: Any, tmp_path: Path, storage: StoragePlugin, mode: CompressionMode
) -> None:
    path = written(bags, tmp_path / 'bag', storage, mode)
    (path / 'metadata.yaml').unlink()
    with pytest.raises(BagError, match=f'run ros2 bag reindex {path}'):
        BagReader(path)
    (file,) = path.iterdir()
    with pytest.raises(BagError, match=f"ends in '.zstd'; name the folder of the bag, {path}"):
        BagReader(file)


@pytest.mark.parametrize('storage', [StoragePlugin.SQLITE3, StoragePlugin.MCAP])
def test_compressed_messages_without_metadata_ask_for_reindex(
    bags: Any, tmp_path: Path, storage: StoragePlugin
) -> None:
    path = written(bags, tmp_path / 'bag', storage, CompressionMode.MESSAGE)
    (path / 'metadata.yaml').unlink()
    with pytest.raises(BagError, match=r'expected metadata\.yaml.* run ros2 bag reindex'):
        first_values(path)


@pytest.mark.parametrize(('storage', 'mode'), STORAGES)
@pytest.mark.parametrize('share', [0.0, 0.6])
def test_cut_file_is_named(
    bags: Any, tmp_path: Path, storage: StoragePlugin, mode: CompressionMode, share: float
) -> None:
    path = written(bags, tmp_path / 'bag', storage, mode)
    (file,) = (p for p in path.iterdir() if p.name != 'metadata.yaml')
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BagError, match=f'{path}: expected a bag that is whole, got .*reindex'):
        BagReader(path)


@pytest.mark.parametrize('text', ['rosbag2_bagfile_information: [', 'a: 1', '3', ''])
def test_bad_metadata_is_named(bags: Any, tmp_path: Path, text: str) -> None:
    path = written(bags, tmp_path / 'bag', *STORAGES[3])
    (path / 'metadata.yaml').write_text(text)
    with pytest.raises(BagError, match=r'expected a bag that is whole'):
        BagReader(path)


def test_fewer_messages_than_the_index_says_are_an_error(bags: Any, tmp_path: Path) -> None:
    path = written(bags, tmp_path / 'bag', *STORAGES[0])
    text = (path / 'metadata.yaml').read_text()
    (path / 'metadata.yaml').write_text(text.replace('message_count: 3', 'message_count: 5'))
    text = 'its index says, 5 messages on /image, got 3 messages on /image; the bag may be cut'
    with pytest.raises(BagError, match=text):
        first_values(path)


def test_damage_in_the_middle_says_how_much_is_missing(bags: Any, tmp_path: Path) -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    messages = [('/image', i, bags.image(i, pixels)) for i in range(20)]
    path = bags.write(tmp_path / 'bag', messages, StoragePlugin.SQLITE3)
    (file,) = path.glob('*.db3')
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 5000] = b'\x5a' * 5000
    file.write_bytes(bytes(data))
    with pytest.raises(BagError, match=r'expected \d+ messages on /image more, got .*malformed'):
        list(BagReader(path).messages('/image'))


def test_one_unreadable_message_does_not_end_the_reading(bags: Any, tmp_path: Path) -> None:
    whole = [('/image', i, bags.image(100 + i, PIXELS)) for i in (1, 3)]
    path = bags.write(tmp_path / 'bag', [whole[0], ('/image', 2, b'\x00\x01\x00\x00'), whole[1]])
    first, broken, last = BagReader(path).messages('/image')
    assert (first.stamp_ns, broken.stamp_ns, last.stamp_ns) == (101, 2, 103)
    assert isinstance(broken.content, BagMessageError)
    assert str(broken.content).startswith('message on /image, recorded at 2 ns: expected')


def test_missing_bag_and_other_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(BagError, match=r'nowhere: expected a rosbag2 bag: .*, got nothing'):
        BagReader(tmp_path / 'nowhere')
    with pytest.raises(BagError, match='got these files: none'):
        BagReader(tmp_path)
    (tmp_path / 'thesis.txt').touch()
    with pytest.raises(BagError, match=r'got these files: thesis\.txt'):
        BagReader(tmp_path)
    with pytest.raises(BagError, match=r"got a file that ends in '\.txt'"):
        BagReader(tmp_path / 'thesis.txt')


def test_topic_of_another_type_is_named(bags: Any, tmp_path: Path) -> None:
    path = bags.write(tmp_path / 'bag', [('/where', 1, bags.header(1))])
    with pytest.raises(BagError, match=f'/where of type {IMAGE}, got std_msgs/msg/Header'):
        BagReader(path).expect('/where', IMAGE)
    with pytest.raises(BagError, match=f'/image of type {IMAGE}, got these .*: none'):
        BagReader(path).expect('/image', IMAGE)


def test_type_that_nobody_knows_is_in_nobodys_way(bags: Any, tmp_path: Path) -> None:
    path = written(bags, tmp_path / 'bag', *STORAGES[0])
    text = (path / 'metadata.yaml').read_text()
    (path / 'metadata.yaml').write_text(text.replace(IMAGE, 'acme_msgs/msg/Picture'))
    reader = BagReader(path)
    assert reader.of_kind(IMAGE) == ()
    with pytest.raises(BagError, match=r'/image of type .*, got acme_msgs/msg/Picture'):
        reader.expect('/image', IMAGE)


def test_our_own_types_are_read_from_a_bag_without_definitions(bags: Any, tmp_path: Path) -> None:
    message = bags.make('laecips_msgs/msg/TrainingRound', 3, 1, 16, 'v2', 'better', 1.5)
    path = bags.write(tmp_path / 'bag', [('/round', 1, message)], StoragePlugin.SQLITE3)
    (read,) = BagReader(path).messages('/round')
    assert (read.content.training_round, read.content.version) == (3, 'v2')
