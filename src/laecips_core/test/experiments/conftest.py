"""A walk of a few tiny frames on disk, and weights that name several of its classes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import DataSetConfig
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.suite import Suite
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.statistics import mix_statistics
from laecips_core.learning.tensors import training_set
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.values import Image
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import save_update

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX = (64, 96)
NAMES = ('road', 'tree', 'sky')
LABELS = np.repeat(np.arange(3, dtype=np.uint8), 32)[None].repeat(64, axis=0)
FRAMES = 7


def _image(number: int) -> Image:
    """Give three stripes under blocks of colour; they get darker with the number."""
    rng = np.random.default_rng(number)
    blocks = rng.integers(0, 256, (8, 12, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    stripes = (LABELS * 60)[..., None] + blocks // 2
    image: Image = (stripes * (1 - 0.1 * (number % FRAMES))).astype(np.uint8)
    return image


def _write_frames(folder: Path) -> None:
    for part in ('images', 'labels'):
        (folder / part).mkdir(parents=True)
    colours = ''.join(f'- {{name: {name}, colour: [0, 0, 0]}}\n' for name in NAMES)
    (folder / 'dataset.yaml').write_text(f'classes:\n{colours}')
    for number in range(FRAMES):
        cv2.imwrite(str(folder / 'images' / f'walk_{number:03d}.png'), _image(number))
        cv2.imwrite(str(folder / 'labels' / f'walk_{number:03d}.png'), LABELS)


def _write_weights(path: Path) -> None:
    pair = build_pair(NetworkPlan(FastScnn, len(NAMES), SIZE_PX), None, 0)
    images = [_image(100 + number) for number in range(4)]
    mix_statistics(pair.edge, training_set(images, [LABELS] * 4, SIZE_PX), 1.0)
    catalogue = ClassCatalogue(NAMES, ((0, 0, 0),) * 3)
    save_update(path, encode(pair.weights(), model='fast_scnn', catalogue=catalogue))


@pytest.fixture(scope='session')
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """Give 7 frames of 64 x 96 in 5 tasks, no masks, and rounds of three frames."""
    folder = tmp_path_factory.mktemp('walk')
    _write_frames(folder)
    _write_weights(folder / 'start.safetensors')
    edge = {
        'model.weights': str(folder / 'start.safetensors'),
        'model.input_height_px': SIZE_PX[0],
        'model.input_width_px': SIZE_PX[1],
    }
    cloud = {
        'masks.name': 'none',
        'source.name': 'folder',
        'source.root': str(folder),
        'update.rule': 'statistics',
        'update.buffer_size': 3,
        'update.source_frames': 0,
        'update.gate_frames': 0,
    }
    return Suite(DataSetConfig('folder', str(folder)), edge, cloud, LinkConfig())
