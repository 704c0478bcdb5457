from __future__ import annotations

from functools import partial
from pathlib import Path
import pickle
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file
import torch

from laecips_core.bench.lifelike_sam import lifelike_sam
from laecips_core.bench.lifelike_sam import small_sizes
from laecips_core.bench.masks import matched_ratio
from laecips_core.config import MaskConfig
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.masks import sam
from laecips_core.masks.automatic.generator import AutomaticMasks
from laecips_core.masks.runs import to_booleans
from laecips_core.masks.sam_model import SamModel
from laecips_core.registry import build_mask_generator

IMAGE = np.random.default_rng(0).integers(0, 256, (45, 60, 3), np.uint8)
SIZES = small_sizes(prompt_width=32, image_px=64)
SETTINGS: dict[str, Any] = {
    'device': 'cpu',
    'points_per_side': 6,
    'min_stability': 0.5,
    'min_area_px': 1,
}


@pytest.fixture(scope='module')
def tensors() -> dict[str, torch.Tensor]:
    return dict(lifelike_sam(SIZES, IMAGE).state_dict())


@pytest.fixture
def checkpoint(tensors: dict[str, torch.Tensor], tmp_path: Path) -> Path:
    path = tmp_path / 'tiny.pth'
    torch.save(tensors, path)
    return path


def saved(path: Path, tensors: dict[str, torch.Tensor]) -> str:
    torch.save(tensors, path)
    return str(path)


def test_a_tiny_checkpoint_gives_the_masks_of_its_model(checkpoint: Path) -> None:
    config = MaskConfig(name=f'sam:{checkpoint}', **SETTINGS)
    found = build_mask_generator(config).masks(IMAGE)
    model = SamModel('same', lifelike_sam(SIZES, IMAGE), config)
    expected = AutomaticMasks(model, config).masks(IMAGE)
    assert len(found) == len(expected) > 0
    assert matched_ratio(list(to_booleans(found)), list(to_booleans(expected))) == 1.0
    assert found.generator == 'sam:tiny.pth'


def test_safetensors_and_half_precision_are_read_too(
    tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    path = tmp_path / 'tiny.safetensors'
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, path)
    built = sam.build(str(path), MaskConfig(**SETTINGS))
    assert {p.dtype for p in built._model._sam.parameters()} == {torch.float32}  # type: ignore[attr-defined]
    built.masks(IMAGE)


def test_the_weights_setting_comes_first(checkpoint: Path) -> None:
    config = MaskConfig(weights=str(checkpoint), **SETTINGS)
    assert sam.build('elsewhere/other.pth', config).name == 'sam:tiny.pth'


def test_another_architecture_than_named_is_refused(checkpoint: Path) -> None:
    config = MaskConfig(weights=str(checkpoint), **SETTINGS)
    with pytest.raises(
        WeightsError, match=r'sam:vit_b \(12 blocks of width 768.*got 2 blocks of width 32'
    ):
        sam.build('vit_b', config)


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownNameError, match='sam:PATH of a checkpoint, sam:vit_b'):
        sam.build('vit_x', MaskConfig())


def test_an_official_file_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('LAECIPS_MODELS', str(tmp_path))
    with pytest.raises(WeightsError, match='laecips models fetch sam:vit_b'):
        sam.build('vit_b', MaskConfig())


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='no such file'):
        sam.build(str(tmp_path / 'none.pth'), MaskConfig())


def test_a_truncated_file_is_refused(checkpoint: Path) -> None:
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError, match=r'tiny\.pth'):
        sam.build(str(checkpoint), MaskConfig())


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    class Code:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / 'was_run',)

    for name, save in (('plain.pth', partial(pickle.dump, protocol=2)), ('torch.pth', torch.save)):
        with (tmp_path / name).open('wb') as file:
            save({'image_encoder.pos_embed': Code()}, file)
        with pytest.raises(WeightsError):
            sam.build(str(tmp_path / name), MaskConfig())
    assert not (tmp_path / 'was_run').exists()


def test_a_missing_tensor_is_named(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    some = {
        k: v for k, v in tensors.items() if k != 'mask_decoder.transformer.norm_final_attn.bias'
    }
    with pytest.raises(WeightsError, match=r'other names.*norm_final_attn\.bias'):
        sam.build(saved(tmp_path / 'a.pth', some), MaskConfig())


def test_an_unknown_tensor_is_named(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    more = tensors | {'extra': torch.zeros(1)}
    with pytest.raises(WeightsError, match=r'other names.*extra'):
        sam.build(saved(tmp_path / 'a.pth', more), MaskConfig())


@pytest.mark.parametrize('wrong', [torch.zeros(3), torch.zeros(32, dtype=torch.int64)])
def test_a_tensor_of_another_shape_or_type_is_named(
    tensors: dict[str, torch.Tensor], wrong: torch.Tensor, tmp_path: Path
) -> None:
    name = 'mask_decoder.transformer.norm_final_attn.bias'
    path = saved(tmp_path / 'a.pth', tensors | {name: wrong})
    with pytest.raises(WeightsError, match=r'norm_final_attn\.bias: expected \(32,\) floats'):
        sam.build(path, MaskConfig())
