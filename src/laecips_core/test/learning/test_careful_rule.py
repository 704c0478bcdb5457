from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
import pytest
import torch
from torch import nn

from laecips_core.config import UpdateConfig
from laecips_core.learning.careful_rule import CarefulRule
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.statistics import mix_statistics
from laecips_core.learning.tensors import sample_set
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def build(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 4, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Dropout(0.2),
        nn.Conv2d(8, classes, 1),
    )


SIZE_PX = (32, 48)
PLAN = NetworkPlan(build, 3, SIZE_PX)
CONFIG = UpdateConfig(epochs=2, batch_size=4, learning_rate=0.01)
STATISTICS = ('1.running_mean', '1.running_var')
SURE = np.full(SIZE_PX, 255, np.uint8)


def samples(count: int, confidence: NDArray[np.uint8] = SURE, shift: int = 0) -> list[Sample]:
    """Make samples; where the confidence is low the labels move by the shift."""
    rng = np.random.default_rng(1)
    made = []
    for number in range(count):
        frame = Frame(rng.integers(0, 256, (*SIZE_PX, 3), np.uint8), number, str(number))
        labels = rng.integers(0, 3, SIZE_PX, np.uint8)
        labels = np.where(confidence < 128, (labels + shift) % 3, labels).astype(np.uint8)
        made.append(Sample(frame, Segmentation(labels, confidence, Source.FUSED, 'v1')))
    return made


def source(count: int) -> list[LabelledFrame]:
    rng = np.random.default_rng(2)
    images = [rng.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(count)]
    return [LabelledFrame(Frame(i, 0, 's'), np.ones((64, 96), np.uint8)) for i in images]


def start() -> ModelWeights:
    return build_pair(PLAN, None, 0).weights()


def run(
    given: list[Sample],
    kept: list[LabelledFrame],
    seed: int = 1,
    config: UpdateConfig = CONFIG,
) -> ModelWeights:
    return CarefulRule(config, PLAN).round(start(), given, kept, seed)


def same(first: ModelWeights, second: ModelWeights) -> bool:
    pairs = [(first.edge, second.edge), (first.miner, second.miner)]
    return all(
        a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
        for a, b in pairs
    )


@pytest.mark.parametrize('kept', [0, 3])
def test_both_networks_change_with_and_without_source_frames(kept: int) -> None:
    begin, candidate = start(), run(samples(5), source(kept))
    for old, new in ((begin.edge, candidate.edge), (begin.miner, candidate.miner)):
        assert old.keys() == new.keys()
        assert all(not np.array_equal(old[name], new[name]) for name in old)
        assert all(np.isfinite(array).all() for array in new.values())


@pytest.mark.parametrize('kept', [0, 3])
def test_the_seed_decides_every_bit(kept: int) -> None:
    first = run(samples(5), source(kept))
    assert same(first, run(samples(5), source(kept)))
    assert not same(first, run(samples(5), source(kept), seed=2))


def test_source_frames_make_a_difference() -> None:
    assert not same(run(samples(5), source(3)), run(samples(5), []))


@pytest.mark.parametrize('kept', [0, 3])
def test_the_steps_leave_batch_norm_statistics_as_they_were_mixed(kept: int) -> None:
    pair = build_pair(PLAN, start(), 0)
    mix_statistics(pair.edge, sample_set(samples(5), SIZE_PX, 0), CONFIG.statistics_mix)
    mixed, candidate = pair.weights(), run(samples(5), source(kept))
    for name in STATISTICS:
        np.testing.assert_array_equal(candidate.edge[name], mixed.edge[name])
        assert not np.array_equal(candidate.edge[name], start().edge[name])


def test_pixels_of_low_confidence_are_not_trained_on() -> None:
    confidence = SURE.copy()
    confidence[:, 20:] = 127
    first = run(samples(5, confidence), source(2))
    assert same(first, run(samples(5, confidence, shift=1), source(2)))
    confidence[:, 20:] = 128
    assert not same(first, run(samples(5, confidence), source(2)))


def test_without_any_sure_pixel_only_the_statistics_change() -> None:
    begin, candidate = start(), run(samples(5, np.zeros(SIZE_PX, np.uint8)), [])
    changed = [n for n in begin.edge if not np.array_equal(begin.edge[n], candidate.edge[n])]
    assert sorted(changed) == list(STATISTICS)
    assert all(np.array_equal(begin.miner[name], candidate.miner[name]) for name in begin.miner)


def test_fused_labels_of_no_weight_teach_nothing() -> None:
    config = replace(CONFIG, pseudo_weight=0.0)
    confidence = np.zeros(SIZE_PX, np.uint8)
    first = run(samples(5, confidence), source(2), config=replace(config, min_label_confidence=0))
    second = run(
        samples(5, confidence, 1), source(2), config=replace(config, min_label_confidence=0)
    )
    for name, array in first.edge.items():
        np.testing.assert_array_equal(array, second.edge[name])


def test_a_source_share_of_none_trains_the_edge_model_as_without_source() -> None:
    config = replace(CONFIG, source_share=0.0)
    given = run(samples(5), source(3), config=config).edge
    none = run(samples(5), [], config=config).edge
    assert all(np.array_equal(given[name], none[name]) for name in none)


def test_the_miner_learns_from_source_frames_where_there_are_any() -> None:
    given = run(samples(5), source(3), config=replace(CONFIG, source_share=0.0)).miner
    none = run(samples(5), [], config=replace(CONFIG, source_share=0.0)).miner
    assert any(not np.array_equal(given[name], none[name]) for name in none)


@pytest.mark.parametrize(('batch_size', 'share'), [(1, 0.5), (2, 0.2), (8, 0.05), (8, 0.9)])
def test_any_share_keeps_a_frame_of_both_kinds(batch_size: int, share: float) -> None:
    config = replace(CONFIG, batch_size=batch_size, source_share=share)
    candidate = run(samples(3), source(2), config=config)
    assert all(np.isfinite(array).all() for array in candidate.edge.values())
    assert not same(candidate, run(samples(3), [], config=config))


def test_a_single_sample_is_enough() -> None:
    candidate = run(samples(1), [])
    assert all(np.isfinite(array).all() for array in candidate.edge.values())


def test_labels_of_frames_that_the_miner_gives_up_on_do_not_matter() -> None:
    lost = replace(CONFIG, max_label_loss=0.0)
    without_labels = replace(CONFIG, pseudo_weight=0.0)
    first = run(samples(5), source(3), config=lost).edge
    second = run(samples(5), source(3), config=without_labels).edge
    assert all(np.array_equal(first[name], second[name]) for name in first)
