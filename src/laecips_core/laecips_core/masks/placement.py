"""Where and with which numbers a large model runs."""

from __future__ import annotations

from collections.abc import Callable
import logging
from typing import Any

import torch
from torch import nn

from laecips_core.config import MaskConfig
from laecips_core.errors import EngineError

_log = logging.getLogger(__name__)


def device_of(config: MaskConfig) -> torch.device:
    """
    Choose the device.

    :param config: device; auto is cuda where there is one.
    :raises EngineError: when cuda is asked for and torch has none.
    """
    there = torch.cuda.is_available()
    if config.device == 'cuda' and not there:
        remedy = 'set masks.device to auto or cpu'
        raise EngineError('masks.device cuda', 'a CUDA device for torch', 'none', remedy)
    return torch.device('cuda' if there and config.device != 'cpu' else 'cpu')


def numbers_of(config: MaskConfig, device: torch.device) -> torch.autocast:
    """
    Give the context that the layers of a large model run in.

    :param config: precision; with bf16 matrix products and convolutions are computed in bfloat16,
        weights stay as they are.
    :param device: where the model runs.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=config.precision == 'bf16')


def exact(device: torch.device, method: Callable[..., Any]) -> Callable[..., Any]:
    """
    Keep a method out of bfloat16, whose 8 bits cannot tell neighbouring pixels apart.

    :param device: where it runs.
    :param method: computes from positions.
    """
    kept: Callable[..., Any] = torch.autocast(device.type, enabled=False)(method)
    return kept


def compile_forward(
    module: nn.Module, compiler: Callable[..., Callable[..., Any]] = torch.compile
) -> None:
    """
    Compile what a module computes; where that fails it is logged, and the plain module goes on.

    Compiling happens in the first call. What fails after that is raised.

    :param module: its ``forward`` is replaced.
    :param compiler: torch.compile, or what stands in for it.
    """
    plain = module.forward
    module.forward = _CompiledForward(plain, compiler)


class _CompiledForward:
    def __init__(
        self, plain: Callable[..., Any], compiler: Callable[..., Callable[..., Any]]
    ) -> None:
        self._plain = plain
        self._compiler = compiler
        self._chosen: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._chosen is not None:
            return self._chosen(*args, **kwargs)
        try:
            compiled = self._compiler(self._plain)
            result = compiled(*args, **kwargs)
        except Exception as error:
            reason = str(error).partition('\n')[0]
            _log.warning(
                'the image encoder is not compiled and runs plain: %s: %s',
                type(error).__name__,
                reason,
            )
            self._chosen = self._plain
            return self._plain(*args, **kwargs)
        self._chosen = compiled
        return result
