from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch import Tensor

from laecips_core.errors import WeightsError
from laecips_core.models.foreign_weights import load_tensors

PATH = Path('some') / 'weights.pth'


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))


def tensors() -> dict[str, Tensor]:
    return {name: tensor + 1 for name, tensor in network().state_dict().items()}


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_tensors_of_any_precision_are_loaded(dtype: torch.dtype) -> None:
    changed = network()
    given = {name: t.to(dtype) if t.is_floating_point() else t for name, t in tensors().items()}
    load_tensors(changed, given, PATH)
    for name, parameter in changed.named_parameters():
        assert parameter.dtype == torch.float32
        assert torch.equal(parameter, given[name].float())


def test_tensors_that_do_not_fit_are_refused_with_the_file_and_change_nothing() -> None:
    changed, given = network(), tensors() | {'0.bias': torch.zeros(3)}
    match = r'weights\.pth: expected the weights of this network, got \[tensor shapes: .*0\.bias'
    with pytest.raises(WeightsError, match=match):
        load_tensors(changed, given, PATH)
    assert all(torch.equal(t, network().state_dict()[n]) for n, t in changed.state_dict().items())
