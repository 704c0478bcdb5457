"""Has a model's own weights read by a process of its own, so that this one never imports torch."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.engines.torch_process import missing
from laecips_core.engines.torch_process import run_module
from laecips_core.errors import EngineError
from laecips_core.values import WeightUpdate
from laecips_core.weights.files import load_update

_MODULE = 'laecips_core.engines.pretrained_process'


def pretrained_weights(config: EdgeModelConfig, limits: LimitsConfig) -> WeightUpdate:
    """
    Read the weights that a model was published with.

    :param config: the model.
    :param limits: bounds on weights.
    :raises EngineError: when torch is missing, or there are no such weights.
    """
    if missing(('torch',)):
        do = 'save them as a file where it is, and set that file in model.weights'
        raise EngineError('weights pretrained', 'torch to read them', 'none installed', do)
    order = {'config': asdict(config), 'limits': asdict(limits)}
    with TemporaryDirectory(prefix='laecips-pretrained-') as folder:
        path = Path(folder) / 'weights.safetensors'
        run_module(_MODULE, order, path, f'reading the own weights of {config.name}')
        return load_update(path, limits.max_update_bytes)
