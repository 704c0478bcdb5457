"""Edge and cloud must call a pixel the same: fusion builds on what the edge has shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import FusionConfig
from laecips_core.config import LimitsConfig
from laecips_core.config import MaskConfig
from laecips_core.config import UpdateConfig
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.statistics import mix_statistics
from laecips_core.learning.tensors import training_set
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.pipeline.build_cloud import build_cloud
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.build_edge import Edge
from laecips_core.pipeline.cloud import HardFrame
from laecips_core.pipeline.running_cloud import Cloud
from laecips_core.registry import FUSERS
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import save_update
from laecips_core.weights.transfer import chunk_of
from laecips_core.weights.transfer import WeightDownload

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

INPUT_PX, FRAME_PX = (64, 96), (75, 110)
NAMES = ('road', 'tree', 'sky', 'car')
CATALOGUE = ClassCatalogue(NAMES, ((0, 0, 0),) * 4)
PLAN = NetworkPlan(FastScnn, len(CATALOGUE), INPUT_PX)
LIMITS = LimitsConfig()


def make_image(seed: int) -> Image:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (8, 11, 3), np.uint8).repeat(10, axis=0).repeat(10, axis=1)
    noise = rng.integers(0, 20, (*FRAME_PX, 3), np.uint8)
    image: Image = blocks[: FRAME_PX[0]] // np.uint8(2) + noise
    return image


def make_update(seed: int, parent: str = '') -> WeightUpdate:
    """Give random weights whose statistics fit the images, so that several classes appear."""
    pair = build_pair(PLAN, None, seed)
    images = [make_image(100 + number) for number in range(4)]
    data = training_set(images, [np.zeros(FRAME_PX, np.uint8)] * 4, INPUT_PX)
    mix_statistics(pair.edge, data, 1.0)
    return encode(pair.weights(), model='fast_scnn', catalogue=CATALOGUE, parent=parent)


@pytest.fixture
def start(tmp_path: Path) -> EdgeModelConfig:
    path = tmp_path / 'start.safetensors'
    save_update(path, make_update(0))
    return EdgeModelConfig(
        weights=str(path), input_height_px=INPUT_PX[0], input_width_px=INPUT_PX[1]
    )


def edge_labels(edge: Edge, seed: int) -> LabelMap:
    return edge.pipeline.process(Frame(make_image(seed), 0, 'a')).segmentation.labels


def cloud_labels(cloud: Cloud, version: str, seed: int) -> LabelMap:
    png = encode_image(make_image(seed), 'png', 1)
    request = HardFrame('a', 'dog', 0, version, CATALOGUE.sha256, sha256_hex(png), png)
    done = cloud.pipeline.segment(request)
    labels = decode_map(done.label_png, FRAME_PX, LIMITS)
    np.testing.assert_array_equal(done.sample.segmentation.labels, labels)
    return labels


def pulled(update: WeightUpdate) -> WeightUpdate:
    download = WeightDownload(update.manifest, LIMITS.max_update_bytes)
    while not download.complete:
        download.add(download.offset, chunk_of(update, download.offset, 65536))
    return download.finish()


@pytest.mark.parametrize('fusion', FUSERS)
def test_edge_and_cloud_agree_bit_for_bit_before_and_after_an_update(
    start: EdgeModelConfig, fusion: str
) -> None:
    edge = build_edge(EdgeConfig(model=start))
    cloud = build_cloud(
        CloudConfig(
            model=start,
            masks=MaskConfig('none'),
            fusion=FusionConfig(fusion),
            update=UpdateConfig(rule='none'),
        )
    )
    first = edge.pipeline.weights_version
    before = [edge_labels(edge, seed) for seed in range(2)]
    assert len(np.unique(before)) > 1
    for seed in range(2):
        np.testing.assert_array_equal(cloud_labels(cloud, first, seed), before[seed])

    update = make_update(1, parent=first)
    cloud.store.put(update)
    edge.pipeline.swap(edge.parts.load(pulled(cloud.newest)))
    second = edge.pipeline.weights_version
    assert second == update.manifest.version
    for seed in range(2):
        after = edge_labels(edge, seed)
        assert not np.array_equal(after, before[seed])
        np.testing.assert_array_equal(cloud_labels(cloud, second, seed), after)
        np.testing.assert_array_equal(cloud_labels(cloud, first, seed), before[seed])
