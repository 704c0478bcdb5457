from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.config import UpdateConfig
from laecips_core.learning import supervised_rule
from laecips_core.learning.benefit_training import fit_benefit
from laecips_core.learning.losses import frame_losses
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.statistics import mix_statistics
from laecips_core.learning.supervised_rule import SupervisedRule
from laecips_core.learning.tensors import sample_set
from laecips_core.learning.tensors import source_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.mining.benefit import only_benefit
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def build(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, 4, 1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, classes, 1),
    )


SIZE_PX = (32, 48)
PLAN = NetworkPlan(build, 3, SIZE_PX)
CONFIG = UpdateConfig(epochs=2, batch_size=4, learning_rate=0.01)
STATISTICS = ['1.running_mean', '1.running_var']
COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]], np.uint8)


class StoppedError(Exception):
    pass


def stripes(seed: int) -> LabelMap:
    order = np.random.default_rng(seed).permutation(6) % 3
    return np.tile(order.repeat(8).astype(np.uint8), (SIZE_PX[0], 1))


def samples(count: int, shift: int = 0, sure: int = 255, darkness: int = 1) -> list[Sample]:
    """Make samples; the labels may be moved to the next class."""
    made = []
    for number in range(count):
        labels = stripes(number)
        frame = Frame(COLOURS[labels] // darkness, number, str(number))
        wrong = ((labels + shift) % 3).astype(np.uint8)
        maps = wrong, np.full(SIZE_PX, sure, np.uint8)
        made.append(Sample(frame, Segmentation(*maps, Source.FUSED, 'v1')))
    return made


def source(count: int) -> list[LabelledFrame]:
    labels = [stripes(100 + number) for number in range(count)]
    return [LabelledFrame(Frame(COLOURS[m], 0, 's'), m) for m in labels]


def start() -> ModelWeights:
    return build_pair(PLAN, None, 0).weights()


def run(
    given: list[Sample],
    kept: list[LabelledFrame],
    seed: int = 1,
    begin: ModelWeights | None = None,
    **settings: Any,
) -> ModelWeights:
    rule = SupervisedRule(replace(CONFIG, **settings), PLAN)
    return rule.round(begin or start(), given, kept, seed)


def differing(first: ModelWeights, second: ModelWeights) -> list[str]:
    assert first.edge.keys() == second.edge.keys()
    assert first.miner.keys() == second.miner.keys()
    pairs = [(first.edge, second.edge), (first.miner, second.miner)]
    return [name for a, b in pairs for name in a if not np.array_equal(a[name], b[name])]


def mean_loss(weights: ModelWeights, given: list[Sample]) -> float:
    images, labels = sample_set(given, SIZE_PX, 0).batch(torch.arange(len(given)))
    with torch.no_grad():
        return float(frame_losses(build_pair(PLAN, weights, 0).edge(images), labels).mean())


@pytest.mark.parametrize('kept', [0, 3])
def test_both_networks_change_with_and_without_source_frames(kept: int) -> None:
    begin, candidate = start(), run(samples(4), source(kept))
    assert sorted(differing(begin, candidate)) == sorted([*begin.edge, *begin.miner])


@pytest.mark.parametrize('kept', [0, 3])
def test_the_seed_decides_every_bit(kept: int) -> None:
    first = run(samples(4), source(kept))
    assert differing(first, run(samples(4), source(kept))) == []
    assert differing(first, run(samples(4), source(kept), seed=2)) != []


def test_it_learns_the_new_labels() -> None:
    given = samples(4, shift=1)
    candidate = run(given, [], epochs=20)
    assert mean_loss(candidate, given) < 0.5 * mean_loss(start(), given)


def statistics_of(*parts: tuple[TrainingSet, float]) -> ModelWeights:
    pair = build_pair(PLAN, start(), 0)
    for data, share in parts:
        mix_statistics(pair.edge, data, share)
    return pair.weights()


@pytest.mark.parametrize('kept', [0, 2])
def test_the_steps_leave_batch_norm_statistics_as_they_were_mixed(kept: int) -> None:
    # Those of source frames, in their own colours, take the place of the parent's.
    old = [(source_set(source(kept), SIZE_PX), 1.0)] if kept else []
    mixed = statistics_of(*old, (sample_set(samples(4), SIZE_PX, 0), CONFIG.statistics_mix))
    candidate = run(samples(4), source(kept))
    for name in STATISTICS:
        np.testing.assert_allclose(candidate.edge[name], mixed.edge[name], rtol=1e-5)


@pytest.mark.parametrize(('kept', 'same'), [(2, True), (0, False)])
def test_with_source_frames_the_new_ones_do_not_take_over_round_by_round(
    kept: int, same: bool
) -> None:
    given = samples(4, darkness=4)
    once = run(given, source(kept), learning_rate=1e-8)
    twice = run(given, source(kept), learning_rate=1e-8, begin=once)
    for name in STATISTICS:
        assert np.allclose(once.edge[name], twice.edge[name], rtol=1e-3) is same


def test_pixels_of_low_confidence_are_not_trained_on() -> None:
    first = run(samples(4, sure=127), source(2))
    assert differing(first, run(samples(4, shift=1, sure=127), source(2))) == []
    assert differing(first, run(samples(4, sure=128), source(2))) != []


def test_labels_of_no_weight_teach_the_edge_model_nothing() -> None:
    first, second = (run(samples(4, shift), source(2), label_weight=0.0) for shift in (0, 1))
    for name, array in first.edge.items():
        np.testing.assert_array_equal(array, second.edge[name])


@pytest.mark.parametrize(
    'settings',
    [{'class_balance': 1.0}, {'label_weight': 0.1}, {'source_share': 0.25}],
    ids=lambda settings: next(iter(settings)),
)
def test_a_setting_reaches_the_training(settings: dict[str, float]) -> None:
    given = samples(4)
    for item in given:
        item.segmentation.labels[:, :32] = 0
    plain, other = run(given, source(2)), run(given, source(2), **settings)
    assert set(plain.edge) - set(differing(plain, other)) == set(STATISTICS)


def test_no_restyled_share_leaves_the_source_frames_as_they_are() -> None:
    # Batch norm's statistics come from the new frames; only the light of these differs.
    def edge(darkness: int, share: float) -> ModelWeights:
        given = samples(4, darkness=darkness)
        return run(given, source(4), label_weight=0, statistics_mix=0, restyled_share=share)

    bright, dark = (edge(darkness, share=0.0) for darkness in (1, 4))
    for name, array in bright.edge.items():
        np.testing.assert_array_equal(array, dark.edge[name])
    assert set(differing(edge(1, share=1.0), edge(4, share=1.0))) > {'0.weight', '3.weight'}


@pytest.mark.parametrize(('share', 'restyled'), [(0.0, 0), (0.5, 2), (1.0, 4)])
def test_the_share_of_source_frames_takes_the_colours_of_the_new(
    share: float, restyled: int
) -> None:
    torch.manual_seed(0)
    rule = SupervisedRule(replace(CONFIG, restyled_share=share), PLAN)
    made = rule._source(source(4), samples(2, darkness=4))
    plain = source_set(source(4), SIZE_PX)
    dim = made.images.flatten(1).max(1).values < 100
    assert int(dim.sum()) == restyled
    assert sorted(made.labels.flatten(1).tolist()) == sorted(plain.labels.flatten(1).tolist())


def test_training_ends_early_by_every_fifth_frame() -> None:
    # The fifth frame, held back, contradicts the others: no epoch makes it better.
    given = [*samples(4, shift=1), samples(5)[4]]
    begin = run(samples(5), [], epochs=10)
    patient = differing(begin, run(given, [], begin=begin, patience_epochs=1))
    assert sorted(set(patient) & begin.edge.keys()) == STATISTICS
    assert '3.weight' in differing(begin, run(given, [], begin=begin))


def test_fewer_than_five_frames_are_all_trained_on() -> None:
    patient, without = (run(samples(4), [], patience_epochs=patience) for patience in (1, 0))
    assert differing(patient, without) == []


@pytest.mark.parametrize(('kept', 'frames'), [(0, 2), (3, 4 * 3 + 2), (30, 4 * 24 + 2)])
def test_the_miner_learns_from_new_frames_and_a_few_of_the_source_with_harder_copies(
    monkeypatch: pytest.MonkeyPatch, kept: int, frames: int
) -> None:
    seen: list[int] = []

    def watched(pair: NetworkPair, data: TrainingSet, **_: Any) -> None:
        seen.append(len(data))

    monkeypatch.setattr(supervised_rule, 'train_miner', watched)
    run(samples(2), source(kept), epochs=1)
    assert seen == [frames]


def test_the_benefit_miner_is_fitted_anew_where_there_is_one() -> None:
    pair = build_pair(PLAN, start(), 0)
    data = sample_set(samples(5), SIZE_PX, 0)
    begin = ModelWeights(pair.weights().edge, pair.weights().miner | fit_benefit(pair, data))
    candidate = run(samples(5, shift=1), source(2), begin=begin)
    trained = build_pair(PLAN, candidate, 0)
    expected = fit_benefit(trained, sample_set(samples(5, shift=1), SIZE_PX, 0))
    found = only_benefit(candidate.miner)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-5)


def test_the_checkpoint_can_end_the_round() -> None:
    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        SupervisedRule(CONFIG, PLAN).round(start(), samples(2), [], 1, stop)
