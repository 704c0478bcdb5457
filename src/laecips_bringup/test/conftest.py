"""A data folder of a few tiny frames, with weights for its classes; bags as robots record them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest
from rosbags.rosbag2 import CompressionFormat
from rosbags.rosbag2 import CompressionMode
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer
import torch

from laecips_bringup.bag_types import bag_types
from laecips_core.catalogue import ClassCatalogue
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import save_update

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX = (64, 96)
NAMES = ('road', 'tree', 'sky')


@pytest.fixture(scope='session')
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 7 frames of 64 x 96 in the folder layout, and ``start.safetensors`` beside them."""
    folder = tmp_path_factory.mktemp('data') / 'walk'
    for part in ('images', 'labels'):
        (folder / part).mkdir(parents=True)
    colours = ''.join(f'- {{name: {name}, colour: [0, 0, 0]}}\n' for name in NAMES)
    (folder / 'dataset.yaml').write_text(f'classes:\n{colours}')
    labels = np.repeat(np.arange(3, dtype=np.uint8), 32)[None].repeat(64, axis=0)
    for number in range(7):
        noise = np.random.default_rng(number).integers(0, 40, (*SIZE_PX, 3), np.uint8)
        image = (labels * 80)[..., None] + noise
        cv2.imwrite(str(folder / 'images' / f'walk_{number:03d}.png'), image)
        cv2.imwrite(str(folder / 'labels' / f'walk_{number:03d}.png'), labels)
    pair = build_pair(NetworkPlan(FastScnn, len(NAMES), SIZE_PX), None, 0)
    catalogue = ClassCatalogue(NAMES, ((0, 0, 0),) * 3)
    update = encode(pair.weights(), model='fast_scnn', catalogue=catalogue)
    save_update(folder / 'start.safetensors', update)
    return folder


@pytest.fixture(scope='session')
def tiny_words(tiny_data: Path) -> list[str]:
    """Give the words of ``laecips experiment`` that choose stream, weights and quick rounds."""
    edge = {
        'model.weights': tiny_data / 'start.safetensors',
        'model.input_height_px': SIZE_PX[0],
        'model.input_width_px': SIZE_PX[1],
    }
    cloud = {
        'masks.name': 'none',
        'update.rule': 'statistics',
        'update.buffer_size': 2,
        'update.source_frames': 0,
        'update.gate_frames': 0,
    }
    words = ['--dataset', 'folder', '--root', str(tiny_data), '--frames', '3']
    words += [word for name, value in edge.items() for word in ('--edge', f'{name}={value}')]
    return words + [
        word for name, value in cloud.items() for word in ('--cloud', f'{name}={value}')
    ]


class RecordedBags:
    """Writes small bags as ``ros2 bag record`` would, in every storage and compression."""

    def make(self, kind: str, *values: object) -> Any:
        """Make a message of a type, such as ``sensor_msgs/msg/Image``."""
        return bag_types().types[kind](*values)

    def header(self, stamp_ns: int) -> Any:
        """Make a header."""
        time = self.make('builtin_interfaces/msg/Time', *divmod(stamp_ns, 1_000_000_000))
        return self.make('std_msgs/msg/Header', time, 'camera')

    def image(self, stamp_ns: int, pixels: NDArray[np.uint8], encoding: str = 'rgb8') -> Any:
        """Make a raw image of (H, W, C) pixels, or (H, W) for one channel."""
        height, width = pixels.shape[:2]
        flat = np.ascontiguousarray(pixels).reshape(-1)
        facts = (height, width, encoding, 0, flat.size // height, flat)
        return self.make('sensor_msgs/msg/Image', self.header(stamp_ns), *facts)

    def compressed(self, stamp_ns: int, data: bytes) -> Any:
        """Make a compressed image."""
        kind = 'sensor_msgs/msg/CompressedImage'
        return self.make(kind, self.header(stamp_ns), 'jpeg', np.frombuffer(data, np.uint8))

    def write(
        self,
        path: Path,
        messages: Iterable[tuple[str, int, Any]],
        storage: StoragePlugin = StoragePlugin.MCAP,
        mode: CompressionMode = CompressionMode.NONE,
        empty: Iterable[tuple[str, str]] = (),
    ) -> Path:
        """
        Write a bag.

        :param path: its folder.
        :param messages: topic, time of recording in ns, and the message or the bytes of an image.
        :param storage: storage plugin.
        :param mode: compression, by zstd.
        :param empty: topics and types without a message.
        """
        types, connections = bag_types(), {}
        writer = Writer(path, version=8, storage_plugin=storage)
        if mode is not CompressionMode.NONE:
            writer.set_compression(mode, CompressionFormat.ZSTD)
        with writer:
            for topic, kind in empty:
                writer.add_connection(topic, kind, typestore=types)
            for topic, recorded_ns, message in messages:
                kind = getattr(message, '__msgtype__', 'sensor_msgs/msg/Image')
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, kind, typestore=types)
                raw = isinstance(message, bytes)
                data = message if raw else types.serialize_cdr(message, kind)
                writer.write(connections[topic], recorded_ns, data)
        return path


@pytest.fixture(scope='session')
def bags() -> RecordedBags:
    """Give the writer of bags."""
    return RecordedBags()
