from __future__ import annotations

from collections.abc import Callable
from functools import partial
import logging
from typing import Any

import pytest
import torch
from torch import nn
from torch import Tensor

from laecips_core.config import MaskConfig
from laecips_core.errors import EngineError
from laecips_core.masks.placement import compile_forward
from laecips_core.masks.placement import device_of
from laecips_core.masks.placement import exact
from laecips_core.masks.placement import numbers_of

CPU = torch.device('cpu')


class Twice(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + x


def test_cuda_without_a_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(EngineError, match=r'masks\.device cuda: expected a CUDA device.*got none'):
        device_of(MaskConfig(device='cuda'))


@pytest.mark.parametrize(
    ('asked', 'there', 'expected'),
    [('auto', False, 'cpu'), ('auto', True, 'cuda'), ('cpu', True, 'cpu'), ('cuda', True, 'cuda')],
)
def test_device(asked: str, there: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: there)
    assert device_of(MaskConfig(device=asked)).type == expected


@pytest.mark.parametrize(
    ('precision', 'expected'), [('fp32', torch.float32), ('bf16', torch.bfloat16)]
)
def test_products_are_computed_in_the_numbers_asked_for(
    precision: str, expected: torch.dtype
) -> None:
    one = torch.ones(2, 2)
    with numbers_of(MaskConfig(precision=precision), CPU):
        assert (one @ one).dtype == expected
        assert exact(CPU, torch.matmul)(one, one).dtype == torch.float32


def test_what_compiles_is_what_runs() -> None:
    calls = []

    def compiler(forward: Callable[..., Any]) -> Callable[..., Any]:
        def compiled(x: Tensor) -> Tensor:
            calls.append(1)
            return forward(x)

        return compiled

    module = Twice()
    compile_forward(module, compiler)
    assert [module(torch.tensor(float(n))).item() for n in range(3)] == [0, 2, 4]
    assert len(calls) == 3


def test_torch_compiles_a_module() -> None:
    module = Twice()
    compile_forward(module, partial(torch.compile, backend='eager'))
    assert module(torch.tensor(2.0)).item() == 4.0


@pytest.mark.parametrize('fails_when', ['compiling', 'running'])
def test_where_compiling_fails_the_plain_module_goes_on_and_it_is_logged(
    fails_when: str, caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    def fail(*_: Any) -> Any:
        tried.append(1)
        raise RuntimeError('no compiler here\nsecond line')

    module = Twice()
    compile_forward(module, fail if fails_when == 'compiling' else lambda _: fail)
    with caplog.at_level(logging.WARNING):
        assert [module(torch.tensor(float(n))).item() for n in range(3)] == [0, 2, 4]
    assert len(tried) == 1
    assert [record.getMessage() for record in caplog.records] == [
        'the image encoder is not compiled and runs plain: RuntimeError: no compiler here'
    ]


def test_what_fails_later_is_raised() -> None:
    def first_only(forward: Callable[..., Any]) -> Callable[..., Any]:
        def compiled(x: Tensor) -> Tensor:
            if x.item() > 0:
                raise RuntimeError('out of memory')
            return forward(x)

        return compiled

    module = Twice()
    compile_forward(module, first_only)
    module(torch.tensor(0.0))
    with pytest.raises(RuntimeError, match='out of memory'):
        module(torch.tensor(1.0))
