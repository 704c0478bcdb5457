from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import UpdateConfig
from laecips_core.errors import WeightsError
from laecips_core.learning.gate import OpenGate
from laecips_core.learning.gate import ReleaseGate
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.trainer import split_samples
from laecips_core.learning.trainer import Trainer
from laecips_core.learning.trainer import uncut
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.values import WeightUpdate
from laecips_core.weights.cut import cut_to_bytes
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.encoding import rounded

SIZE_PX = (32, 48)
CATALOGUE = ClassCatalogue(('red', 'green', 'blue'), ((255, 0, 0), (0, 255, 0), (0, 0, 255)))
LABELS = np.repeat(np.arange(3, dtype=np.uint8), 16)[None].repeat(32, axis=0)
IMAGE = (np.eye(3)[LABELS] * 255).astype(np.uint8)
SOURCE = [LabelledFrame(Frame(IMAGE, 0, 'source'), LABELS)]


def build(classes: int) -> nn.Module:
    return nn.Sequential(nn.AvgPool2d(4), nn.Conv2d(3, classes, 1))


def weights(order: list[int], factor: float = 1.0) -> ModelWeights:
    weight = np.zeros((3, 3, 1, 1), np.float32)
    weight[order, [0, 1, 2], 0, 0] = factor
    return ModelWeights({'1.weight': weight, '1.bias': np.zeros(3, np.float32)}, {})


RIGHT, SHUFFLED = weights([0, 1, 2]), weights([1, 2, 0])
FINE = weights([0, 1, 2], 1.0012)
"""A candidate that half precision changes."""


@dataclass
class Rule:
    """Gives one candidate and remembers what it was asked."""

    candidate: ModelWeights
    name: str = 'test'
    seeds: list[int] = field(default_factory=list)
    trained: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    start: ModelWeights | None = None

    def round(
        self,
        start: ModelWeights,
        samples: Sequence[Sample],
        source: Sequence[LabelledFrame],
        seed: int,
        checkpoint: Callable[[], None] = go_on,
    ) -> ModelWeights:
        checkpoint()
        self.start = start
        self.seeds.append(seed)
        self.trained = [sample.frame.frame_uid for sample in samples]
        self.source = [item.frame.frame_uid for item in source]
        return self.candidate


def encode_from(candidate: ModelWeights, parent: str) -> WeightUpdate:
    return encode(candidate, model='net', catalogue=CATALOGUE, parent=parent)


def decode_all(update: WeightUpdate) -> ModelWeights:
    return decode(update, 100_000)


RUNNING = encode_from(RIGHT, '')
Cut = Callable[[ModelWeights, ModelWeights], ModelWeights]


def trainer(
    rule: Rule, seed: int = 7, memory_frames: int = 0, retries: int = 0, cut: Cut = uncut
) -> Trainer:
    gate = ReleaseGate(UpdateConfig(), NetworkPlan(build, 3, SIZE_PX), SOURCE)
    return Trainer(rule, gate, SOURCE, decode_all, encode_from, seed, memory_frames, retries, cut)


def samples(count: int, first: int = 0) -> list[Sample]:
    fused = Segmentation(LABELS, np.full(SIZE_PX, 255, np.uint8), Source.FUSED, 'v1')
    return [Sample(Frame(IMAGE, n, str(n)), fused) for n in range(first, first + count)]


@pytest.mark.parametrize(
    ('count', 'expected'), [(1, []), (4, []), (5, ['4']), (6, ['4']), (13, ['4', '9'])]
)
def test_every_fifth_sample_is_held_back(count: int, expected: list[str]) -> None:
    trained, held_back = split_samples(samples(count))
    assert [sample.frame.frame_uid for sample in held_back] == expected
    rest = [str(number) for number in range(count) if str(number) not in expected]
    assert [sample.frame.frame_uid for sample in trained] == rest


def test_a_released_update_descends_from_the_running_version() -> None:
    result = trainer(Rule(FINE)).round(RUNNING, samples(6), 1)
    assert result.update is not None
    assert result.update.manifest.parent == RUNNING.manifest.version
    assert result.update.manifest.version != RUNNING.manifest.version
    assert result.samples == 6
    assert result.duration_s > 0.0
    assert 'source mIoU 1.000 to 1.000 on 1 frames' in result.reason


def test_a_released_update_holds_the_rounded_candidate() -> None:
    result = trainer(Rule(FINE)).round(RUNNING, samples(6), 1)
    assert result.update is not None
    found, expected = decode_all(result.update).edge, rounded(FINE).edge
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
    assert not np.array_equal(found['1.weight'], FINE.edge['1.weight'])


def test_a_rejected_candidate_gives_no_update_but_a_reason() -> None:
    result = trainer(Rule(SHUFFLED)).round(RUNNING, samples(6), 1)
    assert result.update is None
    assert result.samples == 6
    assert 'source mIoU 1.000 to 0.000 on 1 frames' in result.reason
    assert 'agreement with fused labels 1.000 to 0.000 on 1' in result.reason


def test_the_rule_gets_running_weights_source_and_all_but_the_held_back() -> None:
    rule = Rule(RIGHT)
    trainer(rule).round(RUNNING, samples(6), 1)
    assert rule.trained == ['0', '1', '2', '3', '5']
    assert rule.source == ['source']
    assert rule.start is not None
    np.testing.assert_array_equal(rule.start.edge['1.weight'], RIGHT.edge['1.weight'])


def test_every_round_has_a_seed_of_its_own() -> None:
    rule = Rule(RIGHT)
    for number in (1, 2, 5):
        trainer(rule).round(RUNNING, samples(1), number)
    assert rule.seeds == [7, 8, 11]


def test_a_candidate_that_is_not_finite_is_refused() -> None:
    with pytest.raises(WeightsError, match='finite'):
        trainer(Rule(weights([0, 1, 2], float('nan')))).round(RUNNING, samples(1), 1)


def test_a_damaged_running_version_is_refused() -> None:
    damaged = WeightUpdate(RUNNING.manifest, RUNNING.payload[:-1] + b'x')
    with pytest.raises(WeightsError, match='payload sha256'):
        trainer(Rule(RIGHT)).round(damaged, samples(1), 1)


@pytest.mark.parametrize(
    ('memory_frames', 'remembered'),
    [
        (0, []),
        (3, ['2', '3', '5']),
        (5, ['0', '1', '2', '3', '5']),
        (9, ['0', '1', '2', '3', '5']),
    ],
)
def test_the_newest_frames_of_earlier_rounds_are_trained_on_again(
    memory_frames: int, remembered: list[str]
) -> None:
    rule = Rule(RIGHT)
    trains = trainer(rule, memory_frames=memory_frames)
    trains.round(RUNNING, samples(6), 1)
    assert rule.trained == ['0', '1', '2', '3', '5']
    result = trains.round(RUNNING, samples(2, first=6), 2)
    assert rule.trained == [*remembered, '6', '7']
    assert result.samples == 2


def test_frames_held_back_for_the_gate_are_never_remembered() -> None:
    rule = Rule(RIGHT)
    trains = trainer(rule, memory_frames=100)
    for number in range(1, 4):
        trains.round(RUNNING, samples(5, first=5 * number), number)
    assert rule.trained == [str(n) for n in range(5, 20) if n % 5 != 4]


def test_a_round_that_was_given_up_is_not_remembered() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    rule = Rule(RIGHT)
    trains = trainer(rule, memory_frames=10)
    with pytest.raises(KeyboardInterrupt):
        trains.round(RUNNING, samples(3), 1, stop)
    trains.round(RUNNING, samples(1, first=3), 2)
    assert rule.trained == ['3']


class _Gate(ReleaseGate):
    """Remembers what it was shown."""

    recent: list[str]
    stream: list[Image]

    def open(
        self, running: ModelWeights, recent: Sequence[Sample], stream: Sequence[Image] = ()
    ) -> OpenGate:
        self.recent = [sample.frame.frame_uid for sample in recent]
        self.stream = list(stream)
        return super().open(running, recent, stream)


def test_the_gate_sees_held_back_labels_and_every_image_of_the_round() -> None:
    gate = _Gate(UpdateConfig(), NetworkPlan(build, 3, SIZE_PX), SOURCE)
    trains = Trainer(Rule(RIGHT), gate, SOURCE, decode_all, encode_from, 0, memory_frames=9)
    for number, expected in ((1, ['10']), (2, ['10', '16'])):
        given = samples(6, first=6 * number)
        trains.round(RUNNING, given, number)
        assert gate.recent == expected
        assert len(gate.stream) == 6
        assert all(a is b.frame.image for a, b in zip(gate.stream, given, strict=True))


def test_without_memory_the_gate_sees_the_held_back_labels_of_the_round_alone() -> None:
    gate = _Gate(UpdateConfig(), NetworkPlan(build, 3, SIZE_PX), SOURCE)
    trains = Trainer(Rule(RIGHT), gate, SOURCE, decode_all, encode_from, 0)
    for number in (1, 2):
        trains.round(RUNNING, samples(6, first=6 * number), number)
        assert gate.recent == [str(6 * number + 4)]


def beyond(factor: float) -> ModelWeights:
    """Go so many times the distance at which red is called green (beyond 1, all of it is)."""
    weights = RIGHT.edge['1.weight'].copy()
    weights[1, 0] = factor
    return ModelWeights({'1.weight': weights, '1.bias': RIGHT.edge['1.bias']}, {})


@pytest.mark.parametrize(
    ('factor', 'retries', 'share'),
    [(0.5, 3, 1.0), (1.5, 1, 0.5), (1.5, 3, 0.5), (3.0, 2, 0.25), (6.0, 3, 0.125)],
)
def test_a_rejected_candidate_is_tried_at_half_the_way_until_it_passes(
    factor: float, retries: int, share: float
) -> None:
    result = trainer(Rule(beyond(factor)), retries=retries).round(RUNNING, samples(6), 1)
    assert result.update is not None
    assert result.update.manifest.parent == RUNNING.manifest.version
    found = decode_all(result.update).edge['1.weight']
    np.testing.assert_array_equal(found, beyond(factor * share).edge['1.weight'])
    assert result.reason.startswith(
        'source mIoU 1.000 to 1.000' if share == 1.0 else f'at {share:g} of the way: source mIoU'
    )


@pytest.mark.parametrize(('retries', 'told'), [(0, 'source'), (2, 'at 0.25 of the way: source')])
def test_nothing_comes_of_a_candidate_that_fails_at_every_try(retries: int, told: str) -> None:
    result = trainer(Rule(beyond(6.0)), retries=retries).round(RUNNING, samples(6), 1)
    assert result.update is None
    assert result.reason.startswith(f'{told} mIoU 1.000 to ')


def test_a_round_without_a_candidate_goes_back_to_a_first_version_that_is_better_by_now() -> None:
    dark = [replace(s, frame=replace(s.frame, image=IMAGE // 4)) for s in samples(3)]
    blind = RIGHT.edge['1.bias'].copy()
    blind[0] = 100.0  # below a brightness of 100 of 255 everything is red
    by_day = ModelWeights({**RIGHT.edge, '1.bias': blind}, {})
    config = UpdateConfig(gate_restyled_tolerance=0.02)
    gate = ReleaseGate(config, NetworkPlan(build, 3, SIZE_PX), SOURCE)
    trains = Trainer(Rule(by_day), gate, SOURCE, decode_all, encode_from, 0)
    # In daylight both are right, so the version that fails in the dark goes out.
    released = trains.round(RUNNING, samples(3), 1).update
    assert released is not None
    result = trains.round(released, dark, 2)
    assert result.update is not None
    assert result.update.manifest.version == RUNNING.manifest.version
    assert result.update.manifest.parent == released.manifest.version
    assert result.reason.startswith('back to the first version, the lead over it is lost: source')


def without_bias(parent: ModelWeights, child: ModelWeights) -> ModelWeights:
    return ModelWeights({**child.edge, '1.bias': parent.edge['1.bias']}, {})


def with_bias(candidate: ModelWeights, bias: float) -> ModelWeights:
    return ModelWeights({**candidate.edge, '1.bias': np.full(3, bias, np.float32)}, {})


@pytest.mark.parametrize(('factor', 'share'), [(0.5, 1.0), (1.5, 0.5), (3.0, 0.25)])
def test_the_candidate_is_cut_before_it_is_judged_and_goes_out_as_judged(
    factor: float, share: float
) -> None:
    rule = Rule(with_bias(beyond(factor), 9.0))
    result = trainer(rule, retries=3, cut=without_bias).round(RUNNING, samples(6), 1)
    assert result.update is not None
    found, expected = decode_all(result.update).edge, beyond(factor * share).edge
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_candidate_whose_good_is_cut_away_is_rejected() -> None:
    shuffled = encode_from(SHUFFLED, '')

    def nothing(parent: ModelWeights, child: ModelWeights) -> ModelWeights:
        return SHUFFLED

    good = trainer(Rule(RIGHT)).round(shuffled, samples(6), 1)
    assert 'agreement with fused labels 0.000 to 1.000' in good.reason
    cut = trainer(Rule(RIGHT), cut=nothing).round(shuffled, samples(6), 1)
    assert 'agreement with fused labels 0.000 to 0.000' in cut.reason


def test_every_candidate_stays_within_a_byte_budget() -> None:
    seen: list[int] = []

    def cut(parent: ModelWeights, child: ModelWeights) -> ModelWeights:
        np.testing.assert_array_equal(parent.edge['1.weight'], RIGHT.edge['1.weight'])
        fitting = cut_to_bytes(parent, child, 190)
        seen.append(len(encode_delta(parent, fitting)))
        return fitting

    rule = Rule(with_bias(beyond(6.0), 1e-3))
    assert len(encode_delta(RIGHT, rule.candidate)) > 190
    result = trainer(rule, retries=3, cut=cut).round(RUNNING, samples(6), 1)
    assert result.update is not None
    assert len(seen) == 4
    assert len(encode_delta(RIGHT, decode_all(result.update))) == seen[-1] <= 190


def test_a_candidate_that_cannot_be_cut_ends_the_round_and_is_not_remembered() -> None:
    def cut(parent: ModelWeights, child: ModelWeights) -> ModelWeights:
        return cut_to_bytes(parent, child, 10)

    rule = Rule(FINE)
    trains = trainer(rule, memory_frames=9, cut=cut)
    with pytest.raises(WeightsError, match='smallest delta: expected at most 10 bytes'):
        trains.round(RUNNING, samples(2), 1)
    rule.candidate = RIGHT
    with pytest.raises(WeightsError, match='smallest delta'):
        trains.round(RUNNING, samples(1, first=2), 2)
    assert rule.trained == ['2']
