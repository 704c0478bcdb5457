from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file
from safetensors.torch import save_file
import torch

from laecips_core.bench.masks import matched_ratio
from laecips_core.config import MaskConfig
from laecips_core.errors import EngineError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.masks import hf_sam
from laecips_core.masks.runs import check_mask_set
from laecips_core.masks.runs import to_booleans
from laecips_core.models.library_import import import_library
from laecips_core.registry import build_mask_generator

transformers = import_library('transformers')

COARSE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
IMAGE = np.kron(COARSE, np.ones((10, 10, 1), np.uint8))
SQUARE = np.ascontiguousarray(IMAGE[:, :60])
SETTINGS: dict[str, Any] = {
    'device': 'cpu',
    'points_per_side': 6,
    'points_per_batch': 10,
    'min_predicted_iou': -1.0,
    'min_stability': 0.2,
    'max_box_iou': 1.0,
    'min_area_px': 1,
}
DECODER = {'hidden_size': 32, 'mlp_dim': 64, 'num_attention_heads': 4, 'iou_head_hidden_dim': 32}


def sam_of(kind: str, **decoder: Any) -> tuple[Any, Any]:
    config = getattr(transformers, f'{kind}Config')(
        vision_config={
            'hidden_size': 32,
            'output_channels': 32,
            'num_hidden_layers': 2,
            'num_attention_heads': 2,
            'image_size': 64,
            'patch_size': 8,
            'window_size': 4,
            'global_attn_indexes': [1],
            'num_pos_feats': 16,
        },
        prompt_encoder_config={'hidden_size': 32, 'image_size': 64, 'patch_size': 8},
        mask_decoder_config=DECODER | decoder,
    )
    processor = transformers.SamImageProcessor(
        size={'longest_edge': 64}, pad_size={'height': 64, 'width': 64}
    )
    return getattr(transformers, f'{kind}Model')(config), processor


def sam2() -> tuple[Any, Any]:
    config = transformers.Sam2Config(
        vision_config={
            'backbone_config': {
                'model_type': 'sam2_hiera_det_model',
                'hidden_size': 8,
                'num_attention_heads': 1,
                'image_size': [64, 64],
                'blocks_per_stage': [1, 1, 2, 1],
                'embed_dim_per_stage': [8, 16, 32, 64],
                'num_attention_heads_per_stage': [1, 1, 2, 2],
                'window_size_per_stage': [4, 2, 2, 2],
                'global_attention_blocks': [3],
                'window_positional_embedding_background_size': [2, 2],
            },
            'backbone_channel_list': [64, 32, 16, 8],
            'backbone_feature_sizes': [[16, 16], [8, 8], [4, 4]],
            'fpn_hidden_size': 32,
        },
        prompt_encoder_config={'hidden_size': 32, 'image_size': 64, 'patch_size': 16},
        mask_decoder_config=DECODER,
    )
    processor = transformers.Sam2ImageProcessor(size={'height': 64, 'width': 64})
    return transformers.Sam2Model(config), processor


def written(made: tuple[Any, Any], folder: Path) -> Path:
    model, processor = made
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3 if 'decoder' in name else 0.1)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope='module')
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = {'sam': sam_of('Sam'), 'sam_hq': sam_of('SamHQ', vit_dim=32), 'sam2': sam2()}
        return {kind: written(one, tmp_path_factory.mktemp(kind)) for kind, one in made.items()}


def pipeline_masks(folder: Path, image: np.ndarray) -> list[np.ndarray]:
    to_pil_image = import_library('torchvision.transforms.functional').to_pil_image
    kind = getattr(
        transformers, hf_sam.KINDS[json.loads((folder / 'config.json').read_text())['model_type']]
    )
    pipeline = transformers.pipeline(
        'mask-generation',
        model=kind.from_pretrained(folder, local_files_only=True),
        image_processor=transformers.AutoImageProcessor.from_pretrained(folder),
    )
    answer = pipeline(
        to_pil_image(image),
        points_per_crop=SETTINGS['points_per_side'],
        points_per_batch=SETTINGS['points_per_batch'],
        pred_iou_thresh=SETTINGS['min_predicted_iou'],
        stability_score_thresh=SETTINGS['min_stability'],
        crops_nms_thresh=SETTINGS['max_box_iou'],
    )
    masks = [np.asarray(mask) for mask in answer['masks']]
    return [mask for mask in masks if mask.any()]


# The pipeline gives SAM 2 points as if its input kept the image's proportions, which it does not;
# so the two are compared on a square.
@pytest.mark.parametrize(
    ('kind', 'image', 'attention'),
    [
        ('sam', IMAGE, 'sdpa'),
        ('sam', SQUARE, 'plain'),
        ('sam_hq', IMAGE, 'sdpa'),
        ('sam2', SQUARE, 'sdpa'),
    ],
    ids=['sam', 'sam, square, plain', 'sam_hq', 'sam2'],
)
def test_masks_are_those_of_the_pipeline_of_transformers(
    kind: str, image: np.ndarray, attention: str, folders: dict[str, Path]
) -> None:
    folder = folders[kind]
    found = hf_sam.build(str(folder), MaskConfig(attention=attention, **SETTINGS)).masks(image)
    check_mask_set(found)
    expected = pipeline_masks(folder, image)
    assert len(found) == len(expected) > 5
    assert matched_ratio(list(to_booleans(found)), expected) == 1.0
    assert len({mask.tobytes() for mask in expected}) > 5


def test_points_of_sam2_cover_an_image_that_is_not_square(folders: dict[str, Path]) -> None:
    model = hf_sam.build(str(folders['sam2']), MaskConfig(**SETTINGS))._model
    fit = model.encode(IMAGE).fit
    assert (fit.inside_px, fit.mask_px, fit.canvas_px) == ((64, 64), (16, 16), None)


def test_sam_keeps_the_proportions_of_the_image(folders: dict[str, Path]) -> None:
    model = hf_sam.build(str(folders['sam']), MaskConfig(**SETTINGS))._model
    fit = model.encode(IMAGE).fit
    assert (fit.inside_px, fit.mask_px, fit.canvas_px) == ((48, 64), (32, 32), (64, 64))


def test_the_registry_builds_it(folders: dict[str, Path]) -> None:
    config = MaskConfig(name=f'hf-sam:{folders["sam"]}', **SETTINGS)
    assert build_mask_generator(config).name == config.name


def test_repositories_of_sam2_video_hold_a_sam2(folders: dict[str, Path], tmp_path: Path) -> None:
    for path in folders['sam2'].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / 'config.json').read_text())
    (tmp_path / 'config.json').write_text(json.dumps(config | {'model_type': 'sam2_video'}))
    settings = MaskConfig(**SETTINGS)
    found = hf_sam.build(str(tmp_path), settings).masks(SQUARE)
    same = hf_sam.build(str(folders['sam2']), settings).masks(SQUARE)
    assert np.array_equal(found.starts, same.starts)


@pytest.mark.parametrize('kind', ['sam', 'sam_hq', 'sam2'])
def test_bf16_runs(kind: str, folders: dict[str, Path]) -> None:
    config = MaskConfig(precision='bf16', **SETTINGS)
    found = hf_sam.build(str(folders[kind]), config).masks(IMAGE)
    check_mask_set(found)
    assert len(found) > 0
    assert found.scores.dtype == np.float32


def test_no_good_mask_is_the_empty_set(folders: dict[str, Path]) -> None:
    config = MaskConfig(**(SETTINGS | {'min_stability': 1.0, 'stability_offset': 100.0}))
    assert len(hf_sam.build(str(folders['sam']), config).masks(IMAGE)) == 0


def copied(folder: Path, to: Path) -> dict[str, torch.Tensor]:
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return load_file(to / 'model.safetensors')


def test_missing_weights_are_named(folders: dict[str, Path], tmp_path: Path) -> None:
    tensors = copied(folders['sam'], tmp_path)
    del tensors['mask_decoder.iou_token.weight']
    save_file(tensors, tmp_path / 'model.safetensors')
    with pytest.raises(WeightsError, match=r'missing_keys.*mask_decoder\.iou_token\.weight'):
        hf_sam.build(str(tmp_path), MaskConfig(**SETTINGS))


def test_weights_of_another_shape_are_named(folders: dict[str, Path], tmp_path: Path) -> None:
    tensors = copied(folders['sam'], tmp_path)
    tensors['mask_decoder.iou_token.weight'] = torch.zeros(1, 7)
    save_file(tensors, tmp_path / 'model.safetensors')
    with pytest.raises(WeightsError, match=r'mask_decoder\.iou_token\.weight'):
        hf_sam.build(str(tmp_path), MaskConfig(**SETTINGS))


def test_unknown_weights_are_named(folders: dict[str, Path], tmp_path: Path) -> None:
    tensors = copied(folders['sam'], tmp_path) | {'extra.weight': torch.zeros(1)}
    save_file(tensors, tmp_path / 'model.safetensors')
    with pytest.raises(WeightsError, match=r'unexpected_keys.*extra\.weight'):
        hf_sam.build(str(tmp_path), MaskConfig(**SETTINGS))


def test_truncated_weights_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    copied(folders['sam'], tmp_path)
    data = (tmp_path / 'model.safetensors').read_bytes()
    (tmp_path / 'model.safetensors').write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError, match='whole safetensors file'):
        hf_sam.build(str(tmp_path), MaskConfig(**SETTINGS))


def test_a_folder_without_a_processor_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    copied(folders['sam'], tmp_path)
    (tmp_path / 'preprocessor_config.json').unlink()
    with pytest.raises(WeightsError, match='what AutoImageProcessor reads'):
        hf_sam.build(str(tmp_path), MaskConfig(**SETTINGS))


def test_another_type_of_model_is_refused(tmp_path: Path) -> None:
    transformers.SegformerConfig().save_pretrained(tmp_path)
    with pytest.raises(UnknownNameError, match=r"one of sam, sam2, .*got 'segformer'"):
        hf_sam.build(str(tmp_path), MaskConfig(**SETTINGS))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='hf-sam:'):
        hf_sam.build(str(tmp_path / 'none'), MaskConfig(**SETTINGS))


def test_cuda_without_a_device_is_refused(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(EngineError, match=r'masks\.device cuda'):
        hf_sam.build(str(folders['sam']), MaskConfig(**(SETTINGS | {'device': 'cuda'})))
