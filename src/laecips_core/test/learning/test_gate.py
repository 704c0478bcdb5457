from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from laecips_core.config import UpdateConfig
from laecips_core.learning.gate import GateDecision
from laecips_core.learning.gate import ReleaseGate
from laecips_core.learning.networks import NetworkPlan
from laecips_core.values import Frame
from laecips_core.values import Image
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


def without_blue() -> ModelWeights:
    """Give weights that call blue green: the IoU is 1 of red, a half of green, 0 of blue."""
    weights = classifier([0, 1, 1])
    weights.edge['1.bias'][2] = -1.0
    return weights


def by_day_only() -> ModelWeights:
    """Give weights that call everything red below a brightness of 100 of 255."""
    weights = classifier([0, 1, 2])
    weights.edge['1.bias'][0] = 100.0
    return weights


RIGHT, SHUFFLED = classifier([0, 1, 2]), classifier([1, 2, 0])
BY_DAY, NO_BLUE = by_day_only(), without_blue()
STREAM = replace(CONFIG, gate_restyled_tolerance=0.02)


def dark(seed: int) -> Image:
    return labelled(seed).frame.image // 4


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
    decision = judge(NO_BLUE, 1, 0)
    assert 'source mIoU 1.000 to 0.500 on 1 frames' in decision.reason


def test_small_losses_on_source_frames_do_not_add_up() -> None:
    gate = ReleaseGate(UpdateConfig(gate_source_tolerance=0.6), PLAN, [labelled(0)])
    assert gate.judge(RIGHT, NO_BLUE, []).released
    decision = gate.judge(NO_BLUE, SHUFFLED, [])
    assert not decision.released
    assert 'source mIoU 0.500 to 0.000 on 1 frames (at first 1.000)' in decision.reason


def test_weights_that_fail_in_the_dark_only_are_rejected_in_a_dark_stream() -> None:
    gate = ReleaseGate(STREAM, PLAN, [labelled(0), labelled(1)])
    decision = gate.judge(RIGHT, BY_DAY, [], [dark(2), dark(3), dark(4)])
    assert not decision.released
    # Everything called red: the IoU is a third of red, 0 of the others.
    assert decision.reason == (
        'source mIoU 1.000 to 1.000 on 2 frames (at first 1.000), '
        'in the colours of the stream 1.000 to 0.111 on 2 (at first 1.000), '
        'agreement with fused labels nan to nan on 0'
    )


@pytest.mark.parametrize(
    ('stream', 'tolerance'), [([], 0.02), ([labelled(2).frame.image], 0.02), ([dark(2)], 1.0)]
)
def test_they_are_released_without_a_dark_stream_or_when_it_does_not_count(
    stream: list[Image], tolerance: float
) -> None:
    gate = ReleaseGate(replace(CONFIG, gate_restyled_tolerance=tolerance), PLAN, [labelled(0)])
    assert gate.judge(RIGHT, BY_DAY, [], stream).released


def test_a_tolerance_of_one_measures_nothing_in_the_colours_of_the_stream() -> None:
    gate = ReleaseGate(replace(CONFIG, gate_restyled_tolerance=1.0), PLAN, [labelled(0)])
    decision = gate.judge(RIGHT, RIGHT, [], [dark(2)])
    assert 'in the colours of the stream' not in decision.reason


def only_restyled(tolerance: float) -> ReleaseGate:
    config = UpdateConfig(gate_source_tolerance=1.0, gate_restyled_tolerance=tolerance)
    return ReleaseGate(config, PLAN, [labelled(0)])


def test_small_losses_in_the_colours_of_the_stream_do_not_add_up() -> None:
    gate = only_restyled(0.6)
    assert gate.judge(RIGHT, NO_BLUE, [], [dark(2)]).released
    decision = gate.judge(NO_BLUE, SHUFFLED, [], [dark(2)])
    assert not decision.released
    assert 'stream 0.500 to 0.000 on 1 (at first 1.000)' in decision.reason


def test_what_was_gained_in_the_colours_of_the_stream_is_not_lost_again() -> None:
    gate = only_restyled(0.4)
    assert gate.judge(SHUFFLED, RIGHT, [], [dark(2)]).released
    decision = gate.judge(RIGHT, NO_BLUE, [], [dark(2)])
    assert not decision.released
    assert 'stream 1.000 to 0.500 on 1 (at first 0.000)' in decision.reason


@pytest.mark.parametrize(('tolerance', 'released'), [(0.51, True), (0.49, False)])
@pytest.mark.parametrize('measure', ['source', 'restyled', 'agreement'])
def test_each_measure_has_its_own_tolerance(
    measure: str, tolerance: float, released: bool
) -> None:
    wide = UpdateConfig(
        gate_source_tolerance=1.0, gate_restyled_tolerance=1.0, gate_agreement_tolerance=1.0
    )
    config = replace(wide, **{f'gate_{measure}_tolerance': tolerance})
    gate = ReleaseGate(config, PLAN, [labelled(0)])
    assert gate.judge(RIGHT, NO_BLUE, [sample(1)], [dark(2)]).released is released


def test_there_is_a_way_back_when_the_light_has_turned_against_the_running_version() -> None:
    gate = ReleaseGate(STREAM, PLAN, [labelled(0)])
    assert gate.open(RIGHT, []).way_back is None
    assert gate.open(BY_DAY, []).way_back is None
    assert gate.open(BY_DAY, [], [dark(2)]).way_back is RIGHT
    assert gate.open(RIGHT, [], [dark(2)]).way_back is None


def test_there_is_a_way_back_when_the_lead_over_the_first_version_is_too_small() -> None:
    for kept_gain, back in ((0.0, None), (0.1, BY_DAY)):
        gate = ReleaseGate(replace(STREAM, gate_kept_gain=kept_gain), PLAN, [labelled(0)])
        gate.open(BY_DAY, [])  # becomes the first version
        assert gate.open(RIGHT, [], [labelled(0).frame.image]).way_back is back


def test_there_is_no_way_back_from_the_first_version_to_itself() -> None:
    gate = ReleaseGate(replace(STREAM, gate_kept_gain=1.0), PLAN, [labelled(0)])
    assert gate.open(RIGHT, [], [dark(2)]).way_back is None


def test_there_is_no_way_back_within_the_tolerance_or_unmeasured() -> None:
    for tolerance in (0.9, 1.0):
        config = replace(CONFIG, gate_restyled_tolerance=tolerance)
        gate = ReleaseGate(config, PLAN, [labelled(0)])
        gate.open(RIGHT, [])
        assert gate.open(BY_DAY, [], [dark(2)]).way_back is None


def test_other_tolerances_judge_the_next_candidate() -> None:
    gate = ReleaseGate(CONFIG, PLAN, [labelled(0)])
    assert not gate.judge(RIGHT, SHUFFLED, []).released
    gate.configure(UpdateConfig(gate_source_tolerance=1.0))
    assert gate.judge(RIGHT, SHUFFLED, []).released
