from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from laecips_core.config import UpdateConfig
from laecips_core.learning.gate import GateDecision
from laecips_core.learning.gate import ReleaseGate
from laecips_core.learning.networks import NetworkPlan
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source


def build(classes: int) -> nn.Module:
    return nn.Sequential(nn.AvgPool2d(4), nn.Conv2d(3, classes, 1))


SIZE_PX = (32, 48)
PLAN = NetworkPlan(build, 3, SIZE_PX)
CONFIG = UpdateConfig(gate_source_tolerance=0.02, gate_agreement_tolerance=0.1)


def labelled(seed: int) -> LabelledFrame:
    """Make a frame of stripes whose colour, red, green or blue, is their class."""
    stripes = np.random.default_rng(seed).permutation(6) % 3
    labels = np.tile(stripes.repeat(8).astype(np.uint8), (SIZE_PX[0], 1))
    image = (np.eye(3)[labels] * 255).astype(np.uint8)
    return LabelledFrame(Frame(image, seed, str(seed)), labels)


def sample(seed: int) -> Sample:
    item = labelled(seed)
    fused = Segmentation(item.labels, np.zeros(SIZE_PX, np.uint8), Source.FUSED, 'v1')
    return Sample(item.frame, fused)


def classifier(order: list[int]) -> ModelWeights:
    """Give weights that call colour k the class at place k of the order."""
    weight = np.zeros((3, 3, 1, 1), np.float32)
    weight[order, [0, 1, 2], 0, 0] = 1.0
    return ModelWeights({'1.weight': weight, '1.bias': np.zeros(3, np.float32)}, {})


RIGHT, SHUFFLED = classifier([0, 1, 2]), classifier([1, 2, 0])


def judge(
    candidate: ModelWeights, source: int, recent: int, config: UpdateConfig = CONFIG
) -> GateDecision:
    gate = ReleaseGate(config, PLAN, [labelled(seed) for seed in range(source)])
    return gate.judge(RIGHT, candidate, [sample(seed) for seed in range(10, 10 + recent)])


@pytest.mark.parametrize(('source', 'recent'), [(2, 3), (2, 0), (0, 3), (0, 0)])
def test_equal_weights_are_released(source: int, recent: int) -> None:
    assert judge(RIGHT, source, recent).released


def test_the_reason_holds_the_numbers() -> None:
    assert judge(RIGHT, 2, 3) == GateDecision(
        True,
        'source mIoU 1.000 to 1.000 on 2 frames (at first 1.000), '
        'agreement with fused labels 1.000 to 1.000 on 3',
    )


def test_worse_weights_are_rejected_on_source_frames() -> None:
    decision = judge(SHUFFLED, 2, 0)
    assert not decision.released
    assert 'source mIoU 1.000 to 0.000 on 2 frames' in decision.reason


def test_worse_weights_are_rejected_on_fused_labels() -> None:
    decision = judge(SHUFFLED, 0, 3)
    assert not decision.released
    assert 'agreement with fused labels 1.000 to 0.000 on 3' in decision.reason


def test_without_any_frame_everything_is_released() -> None:
    assert judge(SHUFFLED, 0, 0) == GateDecision(
        True,
        'source mIoU nan to nan on 0 frames (at first nan), '
        'agreement with fused labels nan to nan on 0',
    )


def test_better_weights_are_released() -> None:
    gate = ReleaseGate(CONFIG, PLAN, [labelled(0)])
    decision = gate.judge(SHUFFLED, RIGHT, [sample(1)])
    assert decision.released
    assert 'source mIoU 0.000 to 1.000' in decision.reason


@pytest.mark.parametrize(('source', 'recent'), [(2, 0), (0, 3)])
def test_the_tolerances_decide_what_is_worse(source: int, recent: int) -> None:
    config = UpdateConfig(gate_source_tolerance=1.0, gate_agreement_tolerance=1.0)
    assert judge(SHUFFLED, source, recent, config).released


def test_one_lost_class_of_three_is_measured() -> None:
    # Blue called green: the IoU is 1 of red, a half of green and 0 of blue.
    candidate = classifier([0, 1, 1])
    candidate.edge['1.bias'][2] = -1.0
    decision = judge(candidate, 1, 0)
    assert 'source mIoU 1.000 to 0.500 on 1 frames' in decision.reason


def test_small_losses_on_source_frames_do_not_add_up() -> None:
    gate = ReleaseGate(UpdateConfig(gate_source_tolerance=0.6), PLAN, [labelled(0)])
    slightly_worse = classifier([0, 1, 1])
    slightly_worse.edge['1.bias'][2] = -1.0
    assert gate.judge(RIGHT, slightly_worse, []).released
    decision = gate.judge(slightly_worse, SHUFFLED, [])
    assert not decision.released
    assert 'source mIoU 0.500 to 0.000 on 1 frames (at first 1.000)' in decision.reason
