"""Whole models and their processors of transformers, out of a folder; never from the network."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
import logging
from pathlib import Path
from typing import Any

import torch

from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.models.hf_folder import read_config
from laecips_core.models.hf_folder import read_tensors
from laecips_core.models.library_import import import_library

_log = logging.getLogger(__name__)
# What transformers raises for files that are missing, damaged or of another form.
_DAMAGED = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError)
_REPORTED = ('mismatched_keys', 'missing_keys', 'unexpected_keys', 'error_msgs')


def load_model(
    name: str, folder: Path, kinds: Mapping[str, str], attention: str, setting: str
) -> Any:
    """
    Load a model with all of its weights; code that lies beside them is not run.

    :param name: full name of the model, for errors.
    :param folder: of the model.
    :param kinds: model types that can be used, each with its class in transformers.
    :param attention: sdpa or plain; where a model has no fused attention, plain is taken and
        logged.
    :param setting: full name of the setting that chose the model, for errors.
    :raises UnknownNameError: when the folder holds another type of model.
    :raises WeightsError: when weights are missing, damaged, too few, too many or of other shapes.
    """
    config = read_config(folder)
    if config.model_type not in kinds:
        raise UnknownNameError(f'{setting}: type of {name}', config.model_type, list(kinds))
    kind = getattr(import_library('transformers'), kinds[config.model_type])
    path, tensors = read_tensors(name, folder)
    try:
        model, report = _attending(kind, config, tensors, attention)
    except _DAMAGED as error:
        raise WeightsError(str(path), f'the weights of {kind.__name__}', error) from error
    for what in _REPORTED:
        # What is missing would be random, what does not fit would be left out.
        if report.get(what):
            got = f'{what}: {sorted(map(str, report[what]))[:3]}'
            raise WeightsError(str(path), f'every weight of {kind.__name__}', got)
    return model.eval().requires_grad_(False)


def load_processor(kind: str, name: str, folder: Path) -> Any:
    """
    Load what prepares images or texts for a model.

    :param kind: its class in transformers.
    :param name: full name of the model, for errors.
    :param folder: of the model.
    :raises WeightsError: when a file is missing or damaged.
    """
    transformers = import_library('transformers')
    try:
        return getattr(transformers, kind).from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (ImportError, *_DAMAGED) as error:
        remedy = f'run laecips models fetch {name}, or put its files there'
        raise WeightsError(str(folder), f'what {kind} reads', error, remedy) from error


def _attending(kind: Any, config: Any, tensors: Any, attention: str) -> Any:
    def load(implementation: str) -> Any:
        # Each try needs its own configuration, which notes the implementation.
        return kind.from_pretrained(
            None,
            config=deepcopy(config),
            state_dict=dict(tensors),
            dtype=torch.float32,
            attn_implementation=implementation,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )

    if attention == 'plain':
        return load('eager')
    try:
        return load('sdpa')
    except ValueError as error:
        if 'scaled_dot_product_attention' not in str(error):
            raise
        _log.warning('%s has no fused attention; it runs plain', kind.__name__)
        return load('eager')
