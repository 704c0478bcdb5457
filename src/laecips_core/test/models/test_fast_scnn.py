from __future__ import annotations

import pytest
import torch

from laecips_core.models.fast_scnn import FastScnn
from laecips_core.models.fast_scnn import FastScnnWide


@pytest.mark.parametrize('classes', [2, 12, 255])
def test_it_is_small(classes: int) -> None:
    parameters = sum(parameter.numel() for parameter in FastScnn(classes).parameters())
    assert 1_000_000 < parameters < 2_000_000


@pytest.mark.parametrize(
    ('size_px', 'map_px'), [((64, 96), (16, 24)), ((32, 32), (8, 8)), ((90, 121), (23, 31))]
)
def test_it_scores_every_class_at_a_quarter(
    size_px: tuple[int, int], map_px: tuple[int, int]
) -> None:
    network = FastScnn(5).eval()
    with torch.inference_mode():
        logits = network(torch.zeros(2, 3, *size_px))
    assert (logits.shape, logits.dtype) == ((2, 5, *map_px), torch.float32)
    assert logits.isfinite().all()


def test_a_frame_is_scored_the_same_in_any_batch() -> None:
    torch.manual_seed(0)
    network = FastScnn(3).eval()
    images = torch.rand(2, 3, 64, 96) * 255
    with torch.inference_mode():
        both, first = network(images), network(images[:1])
    torch.testing.assert_close(both[:1], first)


def test_it_learns_from_every_weight() -> None:
    torch.manual_seed(0)
    network = FastScnn(3).train()
    network(torch.rand(2, 3, 64, 96) * 255).square().sum().backward()
    unused = [name for name, p in network.named_parameters() if p.grad is None]
    assert unused == []


def test_the_colour_scaling_is_no_weight() -> None:
    names = FastScnn(3).state_dict()
    assert not {'mean', 'deviation'} & names.keys()


def test_the_wide_one_is_twice_as_large() -> None:
    parameters = sum(parameter.numel() for parameter in FastScnnWide(12).parameters())
    assert 2_000_000 < parameters < 3_000_000


def test_the_wide_one_has_the_same_tensors_of_one_and_a_half_times_the_channels() -> None:
    plain, wide = FastScnn(5).state_dict(), FastScnnWide(5).state_dict()
    assert plain.keys() == wide.keys()
    for name, tensor in plain.items():
        ends = (3, 5)  # colours and classes are as many as before
        expected = [n if n in ends or n < 8 else n * 3 // 2 for n in tensor.shape]
        assert list(wide[name].shape) == expected, name


def test_the_wide_one_scores_every_class_at_a_quarter() -> None:
    network = FastScnnWide(5).eval()
    with torch.inference_mode():
        logits = network(torch.zeros(1, 3, 64, 96))
    assert (logits.shape, logits.dtype) == ((1, 5, 16, 24), torch.float32)
    assert logits.isfinite().all()
