from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from laecips_core.masks.automatic import upsampling
from laecips_core.masks.automatic.promptable import ImageFit
from laecips_core.masks.automatic.upsampling import Upsampler

CPU = torch.device('cpu')


def scaled(fit: ImageFit, size_px: tuple[int, int], logits: torch.Tensor) -> torch.Tensor:
    return torch.cat([full for _, full in Upsampler(fit, size_px, CPU).chunks(logits)])


@pytest.mark.parametrize('size_px', [(60, 80), (33, 17), (8, 8), (300, 90)])
def test_scales_like_two_interpolations_with_a_cut_between(size_px: tuple[int, int]) -> None:
    logits = torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(0))
    canvas = functional.interpolate(logits[None], (64, 64), mode='bilinear')
    cut = canvas[..., :48, :64]
    expected = functional.interpolate(cut, size_px, mode='bilinear')[0]
    ours = scaled(ImageFit((48, 64), (16, 16), (64, 64)), size_px, logits)
    assert torch.allclose(ours, expected, rtol=0, atol=1e-5)


def test_without_a_canvas_scales_once() -> None:
    logits = torch.randn(2, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = functional.interpolate(logits[None], (60, 80), mode='bilinear')[0]
    ours = scaled(ImageFit((64, 64), (16, 16)), (60, 80), logits)
    assert torch.allclose(ours, expected, rtol=0, atol=1e-5)


def test_chunks_cover_all_masks_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(upsampling._CHUNK_BYTES, 'cpu', 2 * 4 * 6 * 8)
    logits = torch.arange(5.0)[:, None, None].expand(5, 4, 4)
    chunks = list(Upsampler(ImageFit((4, 4), (4, 4)), (6, 8), CPU).chunks(logits))
    assert [len(full) for _, full in chunks] == [2, 2, 1]
    assert torch.cat([torch.arange(5)[chosen] for chosen, _ in chunks]).tolist() == [0, 1, 2, 3, 4]
    assert torch.cat([full[:, 0, 0] for _, full in chunks]).tolist() == pytest.approx(
        [0, 1, 2, 3, 4]
    )


def test_an_image_larger_than_a_chunk_is_scaled_one_mask_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(upsampling._CHUNK_BYTES, 'cpu', 1)
    chunks = list(Upsampler(ImageFit((4, 4), (4, 4)), (6, 8), CPU).chunks(torch.zeros(3, 4, 4)))
    assert [len(full) for _, full in chunks] == [1, 1, 1]


def test_no_masks_give_no_chunks() -> None:
    chunks = Upsampler(ImageFit((4, 4), (4, 4)), (6, 8), CPU).chunks(torch.zeros(0, 4, 4))
    assert list(chunks) == []
