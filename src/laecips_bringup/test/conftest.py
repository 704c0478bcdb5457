"""A data folder of a few tiny frames, with weights for its classes, for whole commands."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

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
