"""A network of every family goes through rounds of training."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from laecips_core.config import EdgeModelConfig
from laecips_core.config import UpdateConfig
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.models.state import arrays_of
from laecips_core.registry import build_update_rule
from laecips_core.registry import network_builder
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.weights.encoding import rounded

torch.set_num_threads(1)

SIZE_PX = (64, 64)
RULES = ['paper', 'careful', 'supervised', 'coordinates', 'statistics']
LARGE = ['rfnet', 'torchvision:lraspp_mobilenet_v3_large', 'smp:fpn/mobilenet_v2']
SMALL = ['hf:segformer', 'hf:mask2former']
ROUNDS = [(family, rule) for family in LARGE for rule in ('supervised', 'statistics')]
ROUNDS += [(family, rule) for family in SMALL for rule in RULES]


@cache
def plan_of(name: str, classes: str) -> NetworkPlan:
    config = EdgeModelConfig(name, classes=classes)
    return NetworkPlan(network_builder(config), 3, SIZE_PX)


@cache
def start_of(plan: NetworkPlan) -> ModelWeights:
    return rounded(build_pair(plan, None, 0).weights())


def frames() -> list[LabelledFrame]:
    rng = np.random.default_rng(0)
    labels = np.arange(3, dtype=np.uint8).repeat(22)[:64][None].repeat(64, axis=0)
    images = [rng.integers(0, 256, (*SIZE_PX, 3), np.uint8) for _ in range(2)]
    return [LabelledFrame(Frame(image, k, str(k)), labels) for k, image in enumerate(images)]


def samples() -> list[Sample]:
    sure = np.full(SIZE_PX, 255, np.uint8)
    return [
        Sample(item.frame, Segmentation(item.labels, sure, Source.FUSED, 'v1'))
        for item in frames()
    ]


def trained(plan: NetworkPlan, rule: str) -> ModelWeights:
    config = UpdateConfig(rule=rule, epochs=1, batch_size=4, max_label_loss=100.0)
    return build_update_rule(config, plan).round(start_of(plan), samples(), frames(), 1)


@pytest.mark.parametrize(('family', 'rule'), ROUNDS)
def test_a_round_changes_weights_and_nothing_else(
    family: str, rule: str, request: pytest.FixtureRequest
) -> None:
    kind, _, fixture = family.partition(':')
    name = f'hf:{request.getfixturevalue(fixture)}' if kind == 'hf' else family
    plan = plan_of(name, '')
    start, end = start_of(plan), trained(plan, rule)
    assert {n: a.shape for n, a in end.edge.items()} == {n: a.shape for n, a in start.edge.items()}
    assert all(np.isfinite(array).all() for array in end.edge.values())
    changed = {n for n in start.edge if not np.array_equal(start.edge[n], end.edge[n])}
    statistics = {n for n in start.edge if n.endswith(('running_mean', 'running_var'))}
    assert bool(changed & statistics) == bool(statistics)
    assert bool(changed - statistics) == (rule != 'statistics')


@pytest.mark.parametrize('rule', RULES)
def test_a_class_map_is_not_trained(rule: str, segformer: Path, tmp_path: Path) -> None:
    path = tmp_path / 'map.yaml'
    path.write_text(
        'classes: [{name: ground, colour: [1, 2, 3], from: [road, grass]},'
        '{name: tree, colour: [7, 8, 9], from: [tree]},'
        '{name: sky, colour: [4, 5, 6], from: [sky]}]'
    )
    plan = plan_of(f'hf:{segformer}', str(path))
    shares = arrays_of(plan.build(3))['shares']
    end = rounded(trained(plan, rule))
    np.testing.assert_array_equal(end.edge['shares'], shares)
    assert shares.sum() == 4.0
