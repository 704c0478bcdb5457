from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from laecips_core.bench.masks import matched_ratio
from laecips_core.config import MaskConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import EngineError
from laecips_core.errors import UnknownNameError
from laecips_core.masks import sam3
from laecips_core.masks.runs import check_mask_set
from laecips_core.masks.runs import to_booleans
from laecips_core.masks.sam3_model import load_texts
from laecips_core.models.library_import import import_library
from laecips_core.registry import build_mask_generator

COARSE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
IMAGE = np.kron(COARSE, np.ones((10, 10, 1), np.uint8))
SETTINGS: dict[str, Any] = {
    'device': 'cpu',
    'prompts': 'road, traffic sign',
    'min_text_score': 0.0,
    'max_box_iou': 1.0,
    'min_area_px': 1,
}


def expected_masks(folder: Path, texts: list[str], min_score: float) -> list[np.ndarray]:
    """Ask the library itself, image and text together."""
    transformers = import_library('transformers')
    model = transformers.Sam3Model.from_pretrained(folder, local_files_only=True).eval()
    processor = transformers.Sam3Processor.from_pretrained(folder, local_files_only=True)
    masks: list[np.ndarray] = []
    for text in texts:
        inputs = processor(images=IMAGE, text=text, return_tensors='pt')
        with torch.inference_mode():
            outputs = model(
                **{k: inputs[k] for k in ('pixel_values', 'input_ids', 'attention_mask')}
            )
        found = processor.image_processor.post_process_instance_segmentation(
            outputs, threshold=min_score, target_sizes=[IMAGE.shape[:2]]
        )[0]
        masks.extend(mask.numpy().astype(np.bool_) for mask in found['masks'])
    return [mask for mask in masks if mask.any()]


def test_masks_are_those_of_the_library(tiny_sam3: Path) -> None:
    config = MaskConfig(name=f'sam3:{tiny_sam3}', **SETTINGS)
    found = build_mask_generator(config).masks(IMAGE)
    check_mask_set(found)
    expected = expected_masks(tiny_sam3, ['road', 'traffic sign'], 0.0)
    assert len(expected) > 2
    assert matched_ratio(list(to_booleans(found)), expected) == 1.0
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    assert found.generator == config.name


def test_masks_of_a_low_score_are_left_out(tiny_sam3: Path) -> None:
    every = sam3.build(str(tiny_sam3), MaskConfig(**SETTINGS)).masks(IMAGE)
    middle = float(np.median(every.scores))
    config = MaskConfig(**(SETTINGS | {'min_text_score': middle}))
    some = sam3.build(str(tiny_sam3), config).masks(IMAGE)
    assert 0 < len(some) < len(every)
    assert some.scores.min() > middle


def test_of_masks_with_nearly_one_box_the_best_stays(tiny_sam3: Path) -> None:
    every = sam3.build(str(tiny_sam3), MaskConfig(**SETTINGS)).masks(IMAGE)
    config = MaskConfig(**(SETTINGS | {'max_box_iou': 0.1}))
    some = sam3.build(str(tiny_sam3), config).masks(IMAGE)
    assert 0 < len(some) < len(every)
    assert some.scores[0] == every.scores[0]


def test_nothing_found_is_the_empty_set(tiny_sam3: Path) -> None:
    config = MaskConfig(**(SETTINGS | {'min_text_score': 1.0}))
    found = sam3.build(str(tiny_sam3), config).masks(IMAGE)
    assert len(found) == 0
    assert found.size_px == IMAGE.shape[:2]


def test_texts_are_told_apart(tiny_sam3: Path) -> None:
    config = MaskConfig(**SETTINGS)
    model = load_texts(str(tiny_sam3), ['road', 'traffic sign'], config, 'masks.name')
    (first, first_scores), (second, second_scores) = model.found(IMAGE)
    assert first.shape == second.shape == (7, 32, 32)
    assert not torch.equal(first_scores, second_scores)
    assert not torch.equal(first, second)


def test_bf16_and_plain_attention_run(tiny_sam3: Path) -> None:
    whole = sam3.build(str(tiny_sam3), MaskConfig(**SETTINGS)).masks(IMAGE)
    plain = sam3.build(str(tiny_sam3), MaskConfig(attention='plain', **SETTINGS)).masks(IMAGE)
    assert matched_ratio(list(to_booleans(plain)), list(to_booleans(whole))) == 1.0
    check_mask_set(
        sam3.build(str(tiny_sam3), MaskConfig(precision='bf16', **SETTINGS)).masks(IMAGE)
    )


@pytest.mark.parametrize('prompts', ['', ' , '])
def test_without_texts_it_is_refused_by_name(prompts: str, tiny_sam3: Path) -> None:
    with pytest.raises(ConfigError, match=r'masks\.prompts: expected comma-separated texts'):
        sam3.build(str(tiny_sam3), MaskConfig(prompts=prompts))


def test_another_type_of_model_is_refused(tmp_path: Path) -> None:
    import_library('transformers').SamConfig().save_pretrained(tmp_path)
    with pytest.raises(UnknownNameError, match=r"one of sam3, sam3_video, got 'sam'"):
        sam3.build(str(tmp_path), MaskConfig(**SETTINGS))


def test_cuda_without_a_device_is_refused(
    tiny_sam3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(EngineError, match=r'masks\.device cuda'):
        sam3.build(str(tiny_sam3), MaskConfig(**(SETTINGS | {'device': 'cuda'})))
