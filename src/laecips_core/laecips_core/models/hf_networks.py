"""Segmentation networks of transformers, as ``hf:REPOSITORY_OR_FOLDER``."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch import Tensor

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.models.adapted import AdaptedNetwork
from laecips_core.models.adapted import ImageScale
from laecips_core.models.foreign_weights import OTHER_WEIGHTS
from laecips_core.models.hf_folder import folder_of
from laecips_core.models.hf_folder import read_config
from laecips_core.models.hf_folder import read_scale
from laecips_core.models.hf_folder import read_tensors
from laecips_core.models.library_import import import_library
from laecips_core.models.published import head_builder
from laecips_core.models.published import PublishedModel

UNIVERSAL_TYPES = ('eomt', 'eomt_dinov3', 'mask2former', 'maskformer')
"""Model types that give a set of masks, each with a class."""

_AUXILIARY = 'auxiliary_head.'
# What torch and transformers raise for sizes that do not go together, or options without support.
_UNBUILDABLE = (ArithmeticError, ImportError, LookupError, RuntimeError, TypeError, ValueError)


class SemanticNetwork(AdaptedNetwork):
    """A network that scores every class at every place, such as SegFormer."""

    def logits(self, x: Tensor) -> Tensor:
        """Take the logits from the output."""
        logits: Tensor = self.network(pixel_values=x).logits
        return logits


class UniversalNetwork(AdaptedNetwork):
    """A network that gives masks, each with a class, such as Mask2Former."""

    def logits(self, x: Tensor) -> Tensor:
        """Make logits of the output."""
        output = self.network(pixel_values=x)
        return logits_of_queries(output.class_queries_logits, output.masks_queries_logits)


def logits_of_queries(classes: Tensor, masks: Tensor) -> Tensor:
    """
    Make logits of masks that each have a class.

    The score of a class at a place is the sum over all masks of the mask's probability there
    times its probability of the class, as published with MaskFormer. Its log is the logit, so
    that the softmax is the score of the class divided by that of all classes.

    :param classes: (N, Q, M + 1) logits of each mask's class; the last is no class.
    :param masks: (N, Q, h', w') logits of each mask.
    :returns: (N, M, h', w').
    """
    shares = classes.softmax(dim=-1)[..., :-1]
    scores = torch.einsum('nqm,nqhw->nmhw', shares, masks.sigmoid())
    return scores.clamp_min(torch.finfo(scores.dtype).tiny).log()


def find(name: str, config: EdgeModelConfig) -> Callable[[int], nn.Module]:
    """
    Find what builds a network; no weights are read.

    :param name: a folder, or a repository in the cache of Hugging Face.
    :param config: its class map.
    :raises WeightsError: when there is no such model, its description is damaged, or the class
        map does not fit.
    :raises UnknownNameError: when it is no segmentation model; it lists the types that are.
    :raises PlugInError: when transformers cannot be used.
    """
    return head_builder(describe(name), config)


def describe(name: str) -> PublishedModel:
    """
    Give a model of Hugging Face.

    :param name: a folder, or a repository in the cache of Hugging Face.
    :raises WeightsError: when there is no such model, or its description is damaged.
    :raises UnknownNameError: when it is no segmentation model; it lists the types that are.
    :raises PlugInError: when transformers cannot be used.
    """
    folder, whole = folder_of('hf', name), f'hf:{name}'
    auto = import_library('transformers.models.auto.modeling_auto')
    config = read_config(folder)
    semantic = auto.MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING_NAMES
    if config.model_type not in (*semantic, *UNIVERSAL_TYPES):
        kind = f'type of {whole}'
        raise UnknownNameError(kind, config.model_type, [*semantic, *UNIVERSAL_TYPES])
    if hasattr(config, 'use_auxiliary_head'):  # it helps training only
        config.use_auxiliary_head = False
    labels = config.id2label
    return PublishedModel(
        whole,
        tuple(str(labels[number]) for number in sorted(labels)),
        partial(_build, whole, config, read_scale(folder)),
        partial(_load, whole, folder, config),
    )


def _build(name: str, config: Any, scale: ImageScale, classes: int) -> nn.Module:
    transformers = import_library('transformers')
    config = deepcopy(config)
    config.num_labels = classes
    universal = config.model_type in UNIVERSAL_TYPES
    kind = 'Universal' if universal else 'Semantic'
    try:
        network = getattr(transformers, f'AutoModelFor{kind}Segmentation').from_config(
            config, trust_remote_code=False, dtype=torch.float32
        )
    except _UNBUILDABLE as error:
        expected = 'a configuration that a network can be built from'
        raise WeightsError(name, expected, error) from error
    return UniversalNetwork(network, scale) if universal else SemanticNetwork(network, scale)


def _load(name: str, folder: Path, config: Any, network: nn.Module) -> None:
    path, tensors = read_tensors(name, folder)
    used = {key: tensor for key, tensor in tensors.items() if not key.startswith(_AUXILIARY)}
    ours = network.get_submodule('network')
    # Its own loading knows the names that the tensors had in earlier releases.
    try:
        theirs, report = type(ours).from_pretrained(  # type: ignore[attr-defined]
            None,
            config=deepcopy(config),
            state_dict=used,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except _UNBUILDABLE as error:
        expected = 'the weights of this network'
        raise WeightsError(str(path), expected, error, OTHER_WEIGHTS) from error
    _check_report(path, report)
    ours.load_state_dict(theirs.state_dict())


def _check_report(path: Path, report: dict[str, Any]) -> None:
    wrong = sorted(report['mismatched_keys'])
    missing, unexpected = (sorted(report[f'{kind}_keys']) for kind in ('missing', 'unexpected'))
    expected, got = 'the weights of this network', ''
    if wrong:
        name, found, needed = wrong[0]
        expected, got = f'{name} {tuple(needed)}', f'{name} {tuple(found)}'
    elif missing:
        expected, got = f'also {missing[0]}', f'{len(missing)} tensors too few'
    elif unexpected:
        got = f'also {unexpected[0]}, {len(unexpected)} tensors too many'
    elif report['error_msgs']:
        got = str(report['error_msgs'][0])
    if got:
        raise WeightsError(str(path), expected, got, OTHER_WEIGHTS)
