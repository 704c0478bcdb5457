from __future__ import annotations

from copy import deepcopy
import logging
from typing import Any

import numpy as np
import pytest
import torch

from laecips_core.bench.lifelike_sam import lifelike_sam
from laecips_core.bench.lifelike_sam import small_sizes
from laecips_core.bench.masks import matched_ratio
from laecips_core.bench.masks import stock_generator
from laecips_core.config import MaskConfig
from laecips_core.errors import EngineError
from laecips_core.masks import sam_model
from laecips_core.masks.automatic.generator import AutomaticMasks
from laecips_core.masks.automatic.point_grid import point_grid
from laecips_core.masks.runs import check_mask_set
from laecips_core.masks.runs import to_booleans
from laecips_core.masks.sam_model import SamModel
from laecips_core.values import MaskSet

SETTINGS: dict[str, Any] = {
    'device': 'cpu',
    'points_per_side': 12,
    'points_per_batch': 50,  # does not divide 144
    'min_stability': 0.8,
    'min_area_px': 1,
}


def tiles(size_px: tuple[int, int]) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    return np.kron(coarse, np.ones((20, 20, 1), np.uint8))[: size_px[0], : size_px[1]]


IMAGE = tiles((90, 120))


@pytest.fixture(scope='module')
def sam() -> Any:
    return lifelike_sam(small_sizes(prompt_width=64, image_px=128), IMAGE)


def masks_of(sam: Any, image: np.ndarray = IMAGE, **changes: Any) -> MaskSet:
    config = MaskConfig(**(SETTINGS | changes))
    found = AutomaticMasks(SamModel('sam:tiny', deepcopy(sam), config), config).masks(image)
    check_mask_set(found)
    return found


def booleans(masks: MaskSet) -> list[np.ndarray]:
    return list(to_booleans(masks))


@pytest.mark.parametrize('size_px', [(90, 120), (120, 61), (100, 100)])
@pytest.mark.parametrize('changes', [{}, {'max_box_iou': 0.95, 'min_predicted_iou': 0.8}])
def test_masks_are_those_of_the_stock_generator(
    sam: Any, size_px: tuple[int, int], changes: dict[str, Any]
) -> None:
    image = tiles(size_px)
    stock = stock_generator(deepcopy(sam), MaskConfig(**(SETTINGS | changes))).generate(image)
    found = masks_of(sam, image, **changes)
    assert len(found) == len(stock) > 5
    assert matched_ratio([one['segmentation'] for one in stock], booleans(found)) == 1.0
    assert found.scores.tolist() == pytest.approx([m['predicted_iou'] for m in stock], abs=1e-4)
    assert found.generator == 'sam:tiny'


def test_a_frame_larger_than_the_input_gives_the_stock_masks_too(sam: Any) -> None:
    image = np.kron(IMAGE, np.ones((3, 3, 1), np.uint8))
    stock = stock_generator(deepcopy(sam), MaskConfig(**SETTINGS)).generate(image)
    found = masks_of(sam, image)
    assert len(found) == len(stock) > 5
    assert matched_ratio([one['segmentation'] for one in stock], booleans(found)) == 1.0


def test_plain_and_fused_attention_give_the_same_masks(sam: Any) -> None:
    fused, plain = masks_of(sam), masks_of(sam, attention='plain')
    assert len(fused) == len(plain) > 5
    assert matched_ratio(booleans(fused), booleans(plain)) == 1.0


def test_the_same_image_gives_the_same_masks(sam: Any) -> None:
    first, again = masks_of(sam), masks_of(sam)
    for part in ('starts', 'lengths', 'owners', 'scores'):
        assert np.array_equal(getattr(first, part), getattr(again, part))


def test_bf16_gives_about_the_same_masks(sam: Any) -> None:
    exact, short = masks_of(sam), masks_of(sam, precision='bf16')
    assert len(short) == pytest.approx(len(exact), rel=0.5)
    assert matched_ratio(booleans(exact), booleans(short), same_iou=0.8) > 0.5
    assert short.scores.dtype == np.float32


def test_bf16_is_what_the_encoder_computes_with(sam: Any) -> None:
    config = MaskConfig(**(SETTINGS | {'precision': 'bf16'}))
    short = SamModel('short', deepcopy(sam), config).encode(IMAGE).features
    exact = SamModel('exact', deepcopy(sam), MaskConfig(**SETTINGS)).encode(IMAGE).features
    assert short.dtype == torch.float32
    assert not torch.equal(short, exact)
    assert torch.allclose(short, exact, atol=0.3)


def test_bf16_leaves_positions_exact(sam: Any) -> None:
    model = SamModel('short', deepcopy(sam), MaskConfig(**(SETTINGS | {'precision': 'bf16'})))
    points = torch.tensor([[[100.0, 50.0]], [[100.5, 50.0]]])
    with model._numbers:
        near = model._sam.prompt_encoder.pe_layer.forward_with_coords(points, (128, 128))
    assert near.dtype == torch.float32
    assert not torch.equal(near[0], near[1])


def test_points_without_a_good_mask_give_none(sam: Any) -> None:
    model = SamModel('tiny', deepcopy(sam), MaskConfig(**SETTINGS))
    encoded = model.encode(IMAGE)
    logits, scores = model.decode(encoded, point_grid(3, encoded.fit), 1e9)
    assert logits.shape == (0, 32, 32)
    assert scores.shape == (0,)


def test_no_mask_at_all_is_the_empty_set(sam: Any) -> None:
    found = masks_of(sam, min_stability=1.0, stability_offset=100.0)
    assert len(found) == 0
    assert found.size_px == (90, 120)


def test_a_failed_compilation_is_logged_and_gives_the_same_masks(
    sam: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> Any:
        raise RuntimeError('no compiler')

    compile_forward = sam_model.compile_forward
    monkeypatch.setattr(sam_model, 'compile_forward', lambda m: compile_forward(m, fail))
    with caplog.at_level(logging.WARNING):
        found = masks_of(sam, compile=True)
    assert 'no compiler' in caplog.text
    assert np.array_equal(found.starts, masks_of(sam).starts)


def test_cuda_without_a_device_is_refused(sam: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(EngineError, match=r'masks\.device cuda'):
        masks_of(sam, device='cuda')
