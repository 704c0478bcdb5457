from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.errors import WeightsError
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.mining.benefit import benefit_arrays
from laecips_core.mining.benefit import without_benefit
from laecips_core.values import ModelWeights
from laecips_core.values import WeightArrays


def build(classes: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, classes, 4, 4), nn.BatchNorm2d(classes))


PLAN = NetworkPlan(build, 3, (64, 96))


def assert_equal(got: WeightArrays, expected: WeightArrays) -> None:
    assert got.keys() == expected.keys()
    for name, array in got.items():
        np.testing.assert_array_equal(array, expected[name], name)


def test_random_weights_follow_from_the_seed() -> None:
    first, again, other = (build_pair(PLAN, None, seed).weights() for seed in (1, 1, 2))
    assert_equal(first.edge, again.edge)
    assert_equal(first.miner, again.miner)
    assert not np.array_equal(first.edge['0.weight'], other.edge['0.weight'])


def test_given_weights_are_loaded() -> None:
    start = build_pair(PLAN, None, 1).weights()
    pair = build_pair(PLAN, start, 2)
    assert_equal(pair.weights().edge, start.edge)
    assert_equal(pair.weights().miner, start.miner)


def test_a_start_without_miner_weights_gets_random_ones() -> None:
    start = build_pair(PLAN, None, 1).weights()
    pair = build_pair(PLAN, ModelWeights(start.edge, {}), 2)
    assert_equal(pair.weights().edge, start.edge)
    assert_equal(pair.weights().miner, build_pair(PLAN, None, 2).weights().miner)


def benefit() -> WeightArrays:
    rng = np.random.default_rng(0)
    return benefit_arrays(rng.random((20, 15)), rng.random(20))


def test_arrays_of_the_benefit_miner_are_carried_along() -> None:
    start = build_pair(PLAN, None, 1).weights()
    with_benefit = ModelWeights(start.edge, start.miner | benefit())
    assert_equal(build_pair(PLAN, with_benefit, 2).weights().miner, with_benefit.miner)


def test_a_start_with_the_benefit_miner_alone_gets_a_random_learned_one() -> None:
    start = ModelWeights(build_pair(PLAN, None, 1).weights().edge, benefit())
    miner = build_pair(PLAN, start, 2).weights().miner
    assert_equal(without_benefit(miner), build_pair(PLAN, None, 2).weights().miner)
    assert_equal(miner, without_benefit(miner) | benefit())


def test_both_networks_are_in_evaluation_mode() -> None:
    pair = build_pair(PLAN, None, 0)
    assert not pair.edge.training
    assert not pair.miner.training


def test_the_weights_given_out_are_copies() -> None:
    start = build_pair(PLAN, None, 0).weights()
    pair = build_pair(PLAN, ModelWeights(start.edge, start.miner | benefit()), 0)
    pair.weights().edge['0.bias'][:] = 9.0
    pair.weights().miner['benefit.bias'][:] = 9.0
    assert pair.benefit['benefit.bias'][0] < 9.0
    with torch.no_grad():
        assert float(pair.edge.get_parameter('0.bias').abs().max()) < 9.0


def test_edge_weights_of_other_classes_are_refused() -> None:
    start = build_pair(NetworkPlan(build, 4, (64, 96)), None, 0).weights()
    with pytest.raises(WeightsError, match=r'tensor shapes: expected 0\.weight \(3, 3, 4, 4\)'):
        build_pair(PLAN, start, 0)


def test_miner_weights_that_do_not_fit_are_refused() -> None:
    start = build_pair(PLAN, None, 0).weights()
    start.miner.pop('score.bias')
    with pytest.raises(WeightsError, match=r'tensors: expected also score\.bias'):
        build_pair(PLAN, start, 0)
