"""Builds label sources by name."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LabelConfig
from laecips_core.config import LimitsConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.labels.edge_labels import EdgeLabels
from laecips_core.labels.mix import MixLabels
from laecips_core.labels.teacher import TeacherLabels
from laecips_core.models.start_weights import weights_of
from laecips_core.plug_ins import imported
from laecips_core.ports import EdgeModel
from laecips_core.ports import LabelSource
from laecips_core.registry import build_edge_model
from laecips_core.registry import network_builder
from laecips_core.values import WeightUpdate
from laecips_core.weights.checks import check_fits
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode

_FORMS = ('edge', 'teacher:NETWORK', 'mix:NETWORK', 'sam3:REPOSITORY_OR_FOLDER')
_SAM3 = 'laecips_core.labels.sam3_labels:build'


def build_label_source(
    config: LabelConfig, model: EdgeModelConfig, start: WeightUpdate, limits: LimitsConfig
) -> LabelSource:
    """
    Build a label source.

    :param config: which one, and the teacher's weights and class map.
    :param model: the edge model.
    :param start: the weights that the edge starts with.
    :param limits: bounds on weights.
    :raises UnknownNameError: when there is no such source or network.
    :raises ConfigError: when a teacher has no weights.
    :raises PlugInError: when the library that the source is from cannot be used.
    :raises WeightsError: when the teacher's weights are missing or do not fit it.
    :raises CatalogueMismatchError: when they have other classes than the edge.
    """
    kind, _, network = config.source.partition(':')
    if config.source == 'edge':
        return EdgeLabels()
    if kind not in ('teacher', 'mix', 'sam3') or not network:
        raise UnknownNameError('labels.source', config.source, _FORMS)
    catalogue = catalogue_of(start)
    if kind == 'sam3':
        return cast('LabelSource', imported(_SAM3)(network, config, catalogue))
    teacher = _teacher(_teacher_model(config, model, network), catalogue, limits)
    if kind == 'teacher':
        return teacher
    return MixLabels(teacher, _built(model, start, catalogue, limits), config.teacher_share)


def _teacher_model(config: LabelConfig, model: EdgeModelConfig, network: str) -> EdgeModelConfig:
    if not config.weights:
        allowed = "a weights file of the teacher, or pretrained: the teacher's own"
        raise ConfigError('labels.weights', config.weights, allowed)
    return replace(
        model,
        name=network,
        weights=config.weights,
        classes=config.classes,
        input_height_px=config.input_height_px,
        input_width_px=config.input_width_px,
    )


def _teacher(
    config: EdgeModelConfig, catalogue: ClassCatalogue, limits: LimitsConfig
) -> TeacherLabels:
    network_builder(config)  # an unknown one is refused by name, before its weights
    update = weights_of(config, limits)
    return TeacherLabels(_built(config, update, catalogue, limits), update.manifest.version)


def _built(
    config: EdgeModelConfig, update: WeightUpdate, catalogue: ClassCatalogue, limits: LimitsConfig
) -> EdgeModel:
    weights = decode(update, limits.max_update_bytes)
    check_fits(update, model=config.name, catalogue=catalogue)
    # Whatever the edge runs in: a server trains, so it has torch.
    server = replace(config, engine='torch', device='auto', precision='fp32')
    return build_edge_model(server, len(catalogue), weights.edge)
