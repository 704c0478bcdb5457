from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from laecips_core.bench.lifelike_sam import small_sizes
from laecips_core.errors import WeightsError
from laecips_core.masks.sam_architecture import architecture_of
from laecips_core.masks.sam_architecture import PUBLISHED
from laecips_core.masks.sam_architecture import SamArchitecture
from laecips_core.masks.sam_model import empty_sam
from laecips_core.models.torchvision_import import import_torchvision

SMALL = small_sizes(prompt_width=32, image_px=64)


def tensors_of(sizes: SamArchitecture) -> dict[str, torch.Tensor]:
    with torch.device('meta'):
        return dict(empty_sam(sizes).state_dict())


@pytest.mark.parametrize('name', PUBLISHED)
def test_published_sizes_are_those_of_segment_anything(name: str) -> None:
    import_torchvision()
    from segment_anything import sam_model_registry

    with torch.device('meta'):
        sam = sam_model_registry[name]()
    sizes = PUBLISHED[name]
    assert architecture_of(sam.state_dict(), name) == sizes
    encoder, decoder = sam.image_encoder, sam.mask_decoder
    assert [block.window_size for block in encoder.blocks] == [
        0 if n in sizes.global_blocks else sizes.window for n in range(sizes.blocks)
    ]
    assert {block.attn.num_heads for block in encoder.blocks} == {sizes.heads}
    assert encoder.img_size == sizes.image_px
    assert decoder.transformer.num_heads == sizes.decoder_heads


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'width': 48, 'heads': 3, 'mlp_width': 96},
        {'blocks': 3, 'global_blocks': (0, 2), 'window': 3},
        {'window': 0, 'global_blocks': (0, 1)},
        {'prompt_width': 48, 'mask_width': 8},
        {'decoder_blocks': 1, 'decoder_mlp_width': 40, 'quality_blocks': 2, 'quality_width': 24},
        {'masks': 4, 'image_px': 128},
    ],
)
def test_small_sizes_are_read_from_shapes(changes: dict[str, object]) -> None:
    sizes = replace(SMALL, **changes)  # type: ignore[arg-type]
    assert architecture_of(tensors_of(sizes), 'small') == sizes


def test_another_network_is_refused_by_name() -> None:
    with pytest.raises(WeightsError, match=r'net\.pth: expected .*patch_embed.*such as conv1'):
        architecture_of({'conv1.weight': torch.zeros(1)}, 'net.pth')


def test_no_tensors_are_refused() -> None:
    with pytest.raises(WeightsError, match='tensors such as none'):
        architecture_of({}, 'net.pth')


def test_a_shape_without_its_dimensions_is_refused() -> None:
    tensors = tensors_of(SMALL) | {'image_encoder.pos_embed': torch.zeros(4)}
    with pytest.raises(WeightsError, match=r'pos_embed: expected 4 dimensions, got \(4,\)'):
        architecture_of(tensors, 'net.pth')


def test_a_missing_block_is_refused() -> None:
    tensors = {k: v for k, v in tensors_of(SMALL).items() if '.blocks.0.' not in k}
    with pytest.raises(WeightsError, match=r'blocks numbered from 0, got \[1\]'):
        architecture_of(tensors, 'net.pth')


def test_blocks_with_different_windows_are_refused() -> None:
    sizes = replace(SMALL, blocks=3, global_blocks=(), window=3)
    tensors = tensors_of(sizes)
    tensors['image_encoder.blocks.1.attn.rel_pos_h'] = torch.zeros(3, 16)
    with pytest.raises(WeightsError, match='one size of windows'):
        architecture_of(tensors, 'net.pth')
