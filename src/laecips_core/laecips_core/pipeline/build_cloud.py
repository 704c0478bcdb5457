"""Puts the cloud together from configuration."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import logging
from pathlib import Path

from laecips_core.config import CloudConfig
from laecips_core.datasets.stamps import AnnotationIndex
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ConfigError
from laecips_core.labels.build import build_label_source
from laecips_core.learning.gate import ReleaseGate
from laecips_core.learning.live_watch import LiveWatch
from laecips_core.learning.split import split_indices
from laecips_core.learning.split import thin
from laecips_core.learning.trainer import Trainer
from laecips_core.learning.trainer import uncut
from laecips_core.pipeline.cloud import CloudPipeline
from laecips_core.pipeline.edge import predict
from laecips_core.pipeline.parts import PartsBuilder
from laecips_core.pipeline.parts import start_weights
from laecips_core.pipeline.running_cloud import Cloud
from laecips_core.pipeline.versions import LoadedVersions
from laecips_core.ports import LargeModelMemory
from laecips_core.registry import build_dataset
from laecips_core.registry import build_fuser
from laecips_core.registry import build_mask_generator
from laecips_core.registry import build_update_rule
from laecips_core.setting import check_config
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import ModelWeights
from laecips_core.values import Prediction
from laecips_core.values import WeightUpdate
from laecips_core.weights.cut import cut_to_bytes
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import encode
from laecips_core.weights.store import VersionStore
from laecips_core.weights.transfers import Transfers

_log = logging.getLogger(__name__)


def check_cloud_config(config: CloudConfig) -> None:
    """
    Refuse a config that cannot work; nothing is loaded.

    :param config: every setting.
    :raises ConfigError: for the first value that is not allowed, or not beside the others.
    """
    check_config(config)
    if config.update.watch_frames and config.keep_versions < 2:
        allowed = 'int in [2, 64] with update.watch_frames'
        raise ConfigError('keep_versions', config.keep_versions, allowed)
    size, capacity = config.update.buffer_size, config.update.buffer_capacity
    if capacity < size:
        allowed = f'at least update.buffer_size, {size}'
        raise ConfigError('update.buffer_capacity', capacity, allowed)


def build_cloud(config: CloudConfig, memory: LargeModelMemory | None = None) -> Cloud:
    """
    Build the cloud from its configuration.

    :param config: every setting.
    :param memory: put in front of the large models; None: they compute every answer.
    :raises ConfigError: when a value is not allowed.
    :raises WeightsError: when the weights are missing, damaged, or do not fit.
    :raises DataSetError: when source frames or annotations are asked for and cannot be read.
    """
    check_cloud_config(config)
    start = start_weights(config.model, config.limits)
    parts = PartsBuilder(config.model, config.miner, config.limits, catalogue_of(start))
    folder = Path(config.store).expanduser() if config.store else None
    store = VersionStore(folder, config.keep_versions, config.limits.max_update_bytes)
    newest = store.newest
    if newest is None:
        store.put(start)
    get = _getter(store, start)
    versions = LoadedVersions(get, parts.load, config.keep_versions)
    # What does not fit must be refused now, not when the first robot calls.
    for update in (start, newest or start):
        parts.unpack(update)
        versions.parts_of(update.manifest.version)
    generator = build_mask_generator(config.masks)
    labels = build_label_source(config.labels, config.model, start, config.limits)
    pipeline = CloudPipeline(
        parts.catalogue,
        versions.parts_of,
        generator if memory is None else memory.masks(generator),
        build_fuser(config.fusion),
        labels if memory is None else memory.labels(labels),
        config.labels.answers == 'labels',
        _annotations(config),
        config.limits,
    )
    trainer = None if config.update.rule == 'none' else _build_trainer(config, parts)
    _log.info(
        'weights %s, masks by %s, fusion %s, labels by %s, update rule %s',
        (newest or start).manifest.version,
        config.masks.name,
        config.fusion.name,
        config.labels.source,
        config.update.rule,
    )

    def run_version(version: str, frame: Frame) -> Prediction:
        return predict(versions.parts_of(version), frame)

    watch = LiveWatch(config.update, len(parts.catalogue), run_version)
    transfers = Transfers(get, parts.unpack)
    return Cloud(pipeline, store, trainer, watch, parts.catalogue, transfers)


def _getter(store: VersionStore, start: WeightUpdate) -> Callable[[str], WeightUpdate]:
    def get(version: str) -> WeightUpdate:
        # Robots start with these, however many versions the store has seen since.
        return start if version == start.manifest.version else store.get(version)

    return get


def _no_annotation(stamp_ns: int) -> LabelMap | None:
    return None


def _annotations(config: CloudConfig) -> Callable[[int], LabelMap | None]:
    if config.masks.name != 'ground_truth':
        return _no_annotation
    return AnnotationIndex(build_dataset(config.annotations)).at


def _build_trainer(config: CloudConfig, parts: PartsBuilder) -> Trainer:
    replay, held_back = _source_frames(config, parts)

    def encode_candidate(weights: ModelWeights, parent: str) -> WeightUpdate:
        notes = {'made_by': f'update rule {config.update.rule}'}
        return encode(
            weights,
            model=config.model.name,
            catalogue=parts.catalogue,
            parent=parent,
            notes=notes,
        )

    return Trainer(
        build_update_rule(config.update, parts.plan),
        ReleaseGate(config.update, parts.plan, held_back),
        replay,
        parts.unpack,
        encode_candidate,
        config.update.seed,
        config.update.memory_frames,
        config.update.gate_retries,
        _cut(config),
    )


def _cut(config: CloudConfig) -> Callable[[ModelWeights, ModelWeights], ModelWeights]:
    max_bytes = config.update.max_delta_bytes
    return partial(cut_to_bytes, max_bytes=max_bytes) if max_bytes else uncut


def _source_frames(
    config: CloudConfig, parts: PartsBuilder
) -> tuple[list[LabelledFrame], list[LabelledFrame]]:
    if config.update.source_frames + config.update.gate_frames == 0:
        return [], []
    dataset = build_dataset(config.source)
    if dataset.catalogue.sha256 != parts.catalogue.sha256:
        raise CatalogueMismatchError(
            'classes of the source data set', parts.catalogue.names, dataset.catalogue.names
        )
    trained, held_out = split_indices(len(dataset))
    replay = [dataset[i] for i in thin(trained, config.update.source_frames)]
    return replay, [dataset[i] for i in thin(held_out, config.update.gate_frames)]
