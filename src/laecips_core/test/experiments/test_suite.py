from __future__ import annotations

from dataclasses import replace

import pytest

from laecips_core.config import DataSetConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.suite import Suite

SUITE = Suite(DataSetConfig(frames=7), {}, {}, LinkConfig())


def test_a_plan_has_method_seed_stream_and_link() -> None:
    plan = SUITE.plan('DCSB', 3)
    assert (plan.method, plan.seed, plan.link) == ('DCSB', 3, LinkConfig())
    assert (plan.stream.name, plan.stream.frames) == ('patrol', 7)
    assert plan.edge.controller.name == 'upload_rate'
    assert plan.cloud.update.rule == 'none'


def test_the_seed_decides_world_training_masks_and_random_choices() -> None:
    suite = replace(SUITE, stream=DataSetConfig(seed=10))
    plan = suite.plan('LAECIPS', 3)
    assert (plan.stream.seed, plan.cloud.annotations.seed) == (13, 13)
    assert (plan.edge.miner.seed, plan.cloud.update.seed, plan.cloud.masks.seed) == (3, 3, 3)
    assert plan.cloud.source.seed == 0


def test_the_cloud_knows_the_annotations_of_the_stream() -> None:
    stream = DataSetConfig('folder', '/data/x', 'a[0.5:]', frames=9)
    plan = replace(SUITE, stream=stream).plan('CLOUD', 0)
    assert plan.cloud.annotations == plan.stream == stream


def test_the_seed_stands_in_texts() -> None:
    suite = replace(SUITE, edge={'model.weights': 'start-{seed}.safetensors'})
    plan = suite.plan('EDGE', 2)
    assert plan.edge.model.weights == plan.cloud.model.weights == 'start-2.safetensors'


def test_the_cloud_runs_the_model_of_the_edge_unless_told_otherwise() -> None:
    edge = {'model.weights': 'a', 'model.input_height_px': 64, 'model.name': 'fast_scnn_wide'}
    plan = replace(SUITE, edge=edge).plan('CLOUD', 0)
    assert plan.cloud.model == plan.edge.model
    other = replace(SUITE, edge=edge, cloud={'model.weights': 'b'}).plan('CLOUD', 0)
    assert (other.cloud.model.weights, other.cloud.model.input_height_px) == ('b', 64)


def test_a_method_wins_over_the_suite_and_extra_settings_over_both() -> None:
    suite = replace(
        SUITE,
        edge={'miner.name': 'sm'},
        cloud={'update.rule': 'statistics', 'update.epochs': 3},
    )
    assert suite.plan('EDGE', 0).edge.miner.name == 'never'
    assert suite.plan('LAECIPS', 0).edge.miner.name == 'sm'
    assert suite.plan('LAECIPS', 0).cloud.update.rule == 'statistics'
    paper = suite.plan('PAPER', 0, {'update.epochs': 2})
    assert (paper.cloud.update.rule, paper.cloud.update.epochs) == ('paper', 2)


def test_every_method_is_planned_with_every_seed() -> None:
    plans = SUITE.plans(['EDGE', 'CLOUD'], range(2))
    found = [(plan.method, plan.seed) for plan in plans]
    assert found == [('EDGE', 0), ('EDGE', 1), ('CLOUD', 0), ('CLOUD', 1)]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UnknownNameError, match='method: expected one of'):
        SUITE.plan('LAECIP', 0)


@pytest.mark.parametrize('side', ['edge', 'cloud'])
def test_an_unknown_setting_is_refused(side: str) -> None:
    with pytest.raises(ConfigError, match=r'update\.speed: expected a known setting: .*, got 1'):
        replace(SUITE, **{side: {'update.speed': 1}}).plan('EDGE', 0)  # type: ignore[arg-type]


def test_a_value_out_of_bounds_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'update\.epochs: expected int in'):
        replace(SUITE, cloud={'update.epochs': 0}).plan('LAECIPS', 0)


def test_other_words_in_braces_are_refused() -> None:
    with pytest.raises(ConfigError, match=r'model\.weights: .* only \{seed\} stands in braces'):
        replace(SUITE, edge={'model.weights': 'w-{sed}'}).plan('EDGE', 0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ConfigError, match='seed: expected int in'):
        SUITE.plan('EDGE', -1)
