from __future__ import annotations

from dataclasses import replace
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch import Tensor
from torch.nn import functional

from laecips_core.errors import ConfigError
from laecips_core.errors import ShapeError
from laecips_core.errors import WeightsError
from laecips_core.experiments.bound import Bound
from laecips_core.experiments.bound import bound
from laecips_core.experiments.bound import BoundConfig
from laecips_core.experiments.rademacher import Complexity
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.tensors import training_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.values import ModelWeights

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX = (16, 16)
BETA = 0.2
CONFIG = BoundConfig(draws=2, miner_steps=2, edge_steps=2, batch_size=2)
STARTS_ALONE = replace(CONFIG, draws=8, random_starts=0, miner_steps=0, edge_steps=0)


class ColourNetwork(nn.Module):
    """Takes the colours red, green and blue as the scores of three classes."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(0.02 + 0.001 * torch.randn(classes))

    def forward(self, images: Tensor) -> Tensor:
        return functional.avg_pool2d(images, 4) * self.scale.view(1, -1, 1, 1)


PLAN = NetworkPlan(ColourNetwork, 3, SIZE_PX)
WEIGHTS = build_pair(PLAN, None, 1).weights()


def frames(reds: list[int]) -> TrainingSet:
    images = [np.full((*SIZE_PX, 3), (red, 100, 100), np.uint8) for red in reds]
    return training_set(images, [np.zeros(SIZE_PX, np.uint8)] * len(reds), SIZE_PX)


DATA = frames([0, 90, 250])


def constant_miner(logit: float) -> ModelWeights:
    miner = {name: np.zeros_like(array) for name, array in WEIGHTS.miner.items()}
    return ModelWeights(WEIGHTS.edge, miner | {'score.bias': np.array([logit], np.float32)})


def measure(
    weights: ModelWeights = WEIGHTS,
    data: TrainingSet = DATA,
    config: BoundConfig = CONFIG,
    seed: int = 0,
) -> Bound:
    return bound(weights, PLAN, data, BETA, config, seed=seed, progress=lambda line: None)


def losses_of(reds: list[int]) -> np.ndarray:
    scale = WEIGHTS.edge['scale'].astype(float)
    scores = np.array([[red, 100.0, 100.0] for red in reds]) * scale
    found: np.ndarray = np.log(np.exp(scores).sum(axis=1)) - scores[:, 0]
    return found


def made(**changes: float) -> Bound:
    zero = Complexity(0.0, 0.0)
    miner = Complexity(changes.pop('miner', 0.0), 0.0)
    edge = Complexity(changes.pop('edge', 0.0), 0.0)
    config = BoundConfig(failure_probability=math.exp(-2.0), max_loss=1.0, min_confidence=0.1)
    values = {'frames': 100, 'beta': 0.5, 'config': config, 'empirical_loss': 0.25}
    plain = Bound(**values, miner_complexity=zero, edge_complexity=zero)  # type: ignore[arg-type]
    return replace(plain, miner_complexity=miner, edge_complexity=edge, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize('logit', [-2.0, 0.0, 3.0])
@pytest.mark.parametrize('cut', [0.5, 1.0, 100.0])
def test_the_empirical_loss_is_that_of_equation_15(logit: float, cut: float) -> None:
    found = measure(constant_miner(logit), config=replace(STARTS_ALONE, max_loss=cut))
    h = 1 / (1 + math.exp(-logit))
    losses = np.minimum(losses_of([0, 90, 250]), cut)
    assert found.empirical_loss == pytest.approx(float((h * losses - BETA * np.log(h)).mean()))


def test_a_small_confidence_counts_as_the_smallest() -> None:
    found = measure(constant_miner(-50.0), config=replace(STARTS_ALONE, min_confidence=0.05))
    expected = (0.05 * np.minimum(losses_of([0, 90, 250]), 3.0) - BETA * math.log(0.05)).mean()
    assert found.empirical_loss == pytest.approx(float(expected))


def test_a_frame_without_labels_has_no_loss() -> None:
    data = TrainingSet(DATA.images, torch.full_like(DATA.labels, 255))
    found = measure(constant_miner(0.0), data, STARTS_ALONE)
    assert found.empirical_loss == pytest.approx(BETA * math.log(2))


def test_families_of_one_function_have_no_complexity() -> None:
    # Eight draws are all the signs of three frames: the mean is exact.
    found = measure(config=STARTS_ALONE)
    assert found.miner_complexity.value == pytest.approx(0.0, abs=1e-6)
    assert found.edge_complexity.value == pytest.approx(0.0, abs=1e-6)
    assert found.miner_complexity.error == found.edge_complexity.error == 0.0


def test_two_constant_miners_have_the_complexity_of_two_constants() -> None:
    config = replace(STARTS_ALONE, random_starts=1, min_confidence=0.5)
    random = build_pair(PLAN, None, 1).miner
    found = measure(constant_miner(-50.0), frames([250, 250, 250]), config)
    with torch.no_grad():
        image = torch.full((1, 3, *SIZE_PX), 100.0)
        image[:, 0] = 250
        pair = build_pair(PLAN, WEIGHTS, 0)
        h = max(0.5, float(random(pair.edge(image).softmax(dim=1)).sigmoid()))
    # |mean σ| is 1 with chance 1/4 and 1/3 with chance 3/4, so E|mean σ| is 1/2.
    assert found.miner_complexity.value == pytest.approx((h - 0.5) / 2 * 0.5, abs=1e-6)


def test_a_search_finds_more_than_its_starts_and_at_most_one_half() -> None:
    config = replace(CONFIG, draws=8, miner_steps=10, edge_steps=10, edge_rate=0.02)
    starts, found = measure(config=replace(STARTS_ALONE, random_starts=1)), measure(config=config)
    assert starts.miner_complexity.value < found.miner_complexity.value <= 0.5
    assert starts.edge_complexity.value < found.edge_complexity.value <= 0.5


def test_the_seed_decides_everything() -> None:
    one, again, other = measure(), measure(), measure(seed=1)
    assert one == again
    assert one.miner_complexity != other.miner_complexity
    assert one.empirical_loss == other.empirical_loss


def test_weights_and_data_stay_as_they_are() -> None:
    before = WEIGHTS.edge['scale'].copy(), DATA.images.clone()
    measure()
    assert (WEIGHTS.edge['scale'] == before[0]).all()
    assert torch.equal(DATA.images, before[1])


def test_progress_is_told_of_every_search() -> None:
    lines: list[str] = []
    bound(WEIGHTS, PLAN, DATA, BETA, CONFIG, seed=0, progress=lines.append)
    assert [line.split(':')[0] for line in lines] == ['miners'] * 2 + ['edge models'] * 2


def test_the_total_is_the_sum_of_equation_16() -> None:
    found = made(miner=0.2, edge=0.1)
    assert found.confidence_term == pytest.approx(0.1)
    assert found.total == pytest.approx(0.25 + 1.5 * 0.2 + 0.1 + 0.1)


def test_the_total_scales_with_the_cut_of_the_loss() -> None:
    found = made(miner=0.2, edge=0.1)
    scaled = replace(found, config=replace(found.config, max_loss=4.0))
    assert scaled.total == pytest.approx(0.25 + (4 + 0.5) * 0.2 + 4 * 0.1 + 4 * 0.1)


def test_the_corrected_total_has_the_lost_factors() -> None:
    found = made(miner=0.2, edge=0.1)
    largest = 0.1 - 0.5 * math.log(0.1)
    assert found.largest_loss == pytest.approx(largest)
    spread = 3 * largest * math.sqrt((math.log(2) + 2) / 200)
    expected = 0.25 + 2 * (2 * (0.2 + 0.1) + 0.5 / 0.1 * 0.2) + spread
    assert found.corrected_total == pytest.approx(expected)
    assert found.corrected_total > found.total


def test_no_confidence_gives_a_loss_above_the_largest() -> None:
    found = made()
    h = np.linspace(0.1, 1.0, 1000)
    assert found.largest_loss == pytest.approx((h - 0.5 * np.log(h)).max())


def test_a_bound_that_says_nothing_is_called_vacuous() -> None:
    assert not made().vacuous
    assert not made().corrected_vacuous
    assert made(edge=0.4).corrected_vacuous
    assert not made(edge=0.4).vacuous
    assert made(miner=0.5, edge=0.5).vacuous
    at_the_edge = made()
    slack = at_the_edge.largest_loss - at_the_edge.total
    assert replace(at_the_edge, empirical_loss=0.25 + slack + 1e-9).vacuous


def test_every_assumption_is_a_sentence() -> None:
    assert all(text.endswith('.') for text in made().assumptions)
    assert any('video' in text for text in made().assumptions)


def test_no_frames_are_refused() -> None:
    nothing = TrainingSet(DATA.images[:0], DATA.labels[:0])
    with pytest.raises(ShapeError, match='frames: expected at least one, got none'):
        measure(data=nothing)


def test_a_setting_out_of_bounds_is_refused() -> None:
    with pytest.raises(ConfigError, match='min_confidence: expected float in'):
        measure(config=replace(CONFIG, min_confidence=0.0))


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(WeightsError, match='tensors: expected also scale'):
        measure(ModelWeights({}, WEIGHTS.miner))
