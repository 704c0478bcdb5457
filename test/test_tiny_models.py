"""The small models of docs/models.md take the way that published ones take."""

from __future__ import annotations

from pathlib import Path
import runpy

import pytest

from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.config import MaskConfig
from laecips_core.datasets.patrol.classes import CATALOGUE
from laecips_core.models.start_weights import weights_of
from laecips_core.registry import build_dataset
from laecips_core.registry import build_edge_model
from laecips_core.registry import build_mask_generator
from laecips_core.values import Image
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('tiny')
    script = runpy.run_path(str(Path(__file__).with_name('make_tiny_models.py')))
    assert script['write_segformer'](folder) == folder / 'segformer'
    assert script['write_sam'](folder) == folder / 'sam_tiny.pth'
    return folder


@pytest.fixture(scope='module')
def image() -> Image:
    return build_dataset(DataSetConfig(frames=1))[0].frame.image


def test_segformer_is_an_edge_model_for_the_classes_of_the_patrol(
    folder: Path, image: Image
) -> None:
    config = EdgeModelConfig(name=f'hf:{folder / "segformer"}', weights='pretrained')
    update = weights_of(config, LimitsConfig())
    assert catalogue_of(update).names == CATALOGUE.names
    arrays = decode(update, LimitsConfig().max_update_bytes).edge
    model = build_edge_model(config, len(CATALOGUE), arrays)
    assert model.predict([image]).shape == (1, 12, 60, 80)


def test_sam_gives_masks_that_pass_the_usual_filters(folder: Path, image: Image) -> None:
    generator = build_mask_generator(MaskConfig(name=f'sam:{folder / "sam_tiny.pth"}'))
    masks = generator.masks(image)
    assert len(masks) >= 1
    assert masks.size_px == (360, 480)
