"""Builds label sources by name."""

from __future__ import annotations

from dataclasses import replace

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LabelConfig
from laecips_core.config import LimitsConfig
from laecips_core.engines.torch_engine import TorchEdgeModel
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.labels.edge_labels import EdgeLabels
from laecips_core.labels.mix import MixLabels
from laecips_core.labels.teacher import TeacherLabels
from laecips_core.ports import LabelSource
from laecips_core.registry import network_builder
from laecips_core.values import WeightUpdate
from laecips_core.weights.checks import check_fits
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights

_FORMS = ('edge', 'teacher:NETWORK', 'mix:NETWORK')


def build_label_source(
    config: LabelConfig, model: EdgeModelConfig, start: WeightUpdate, limits: LimitsConfig
) -> LabelSource:
    """
    Build a label source.

    :param config: which one, and the teacher's weights.
    :param model: the edge model.
    :param start: the weights that the edge starts with.
    :param limits: bounds on weights.
    :raises UnknownNameError: when there is no such source or network.
    :raises ConfigError: when a teacher has no weights.
    :raises WeightsError: when the teacher's weights do not fit it, or have other classes.
    """
    kind, _, network = config.source.partition(':')
    if config.source == 'edge':
        return EdgeLabels()
    if kind not in ('teacher', 'mix') or not network:
        raise UnknownNameError('labels.source', config.source, _FORMS)
    if not config.weights:
        raise ConfigError('labels.weights', config.weights, 'a weights file of the teacher')
    teacher_model = replace(
        model,
        name=network,
        weights=config.weights,
        input_height_px=config.input_height_px,
        input_width_px=config.input_width_px,
    )
    network_builder(teacher_model)  # an unknown one is refused by name, before its weights
    catalogue = catalogue_of(start)
    update = load_update(resolve_weights(config.weights), limits.max_update_bytes)
    teacher = TeacherLabels(
        _model(teacher_model, update, catalogue, limits), update.manifest.version
    )
    if kind == 'teacher':
        return teacher
    return MixLabels(teacher, _model(model, start, catalogue, limits), config.teacher_share)


def _model(
    config: EdgeModelConfig, update: WeightUpdate, catalogue: ClassCatalogue, limits: LimitsConfig
) -> TorchEdgeModel:
    weights = decode(update, limits.max_update_bytes)
    check_fits(update, model=config.name, catalogue=catalogue)
    size_px = config.input_height_px, config.input_width_px
    model = TorchEdgeModel(config.name, network_builder(config)(len(catalogue)), size_px)
    model.load_weights(weights.edge)
    return model
