from __future__ import annotations

import numpy as np
from scipy import stats

from laecips_core.config import MinerConfig
from laecips_core.mining.random_choice import RandomMiner
from laecips_core.values import Softmax

FRAMES = 2000


def some_softmaxes() -> Softmax:
    # From nearly even to nearly certain: the content differs as much as it can.
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((FRAMES, 3, 4, 5)) * np.linspace(0.01, 20, FRAMES).reshape(
        -1, 1, 1, 1
    )
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: Softmax = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return softmax


def drawn(seed: int) -> np.ndarray:
    miner = RandomMiner(MinerConfig(seed=seed))
    return np.array([miner.confidence(softmax) for softmax in some_softmaxes()])


def test_the_numbers_are_uniform() -> None:
    numbers = drawn(0)
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    assert stats.kstest(numbers, 'uniform').pvalue > 0.01


def test_they_have_nothing_to_do_with_the_content() -> None:
    numbers, tops = drawn(0), some_softmaxes().max(axis=1).mean(axis=(1, 2))
    # Three standard deviations of a rank correlation of independent numbers.
    assert abs(stats.spearmanr(numbers, tops).statistic) < 3 / np.sqrt(FRAMES)
    assert abs(stats.spearmanr(numbers[1:], numbers[:-1]).statistic) < 3 / np.sqrt(FRAMES)


def test_two_seeds_choose_independently() -> None:
    first, second = drawn(0), drawn(1)
    assert abs(stats.spearmanr(first, second).statistic) < 3 / np.sqrt(FRAMES)


def test_seed_and_frame_decide_the_number() -> None:
    numbers, backwards = drawn(7), RandomMiner(MinerConfig(seed=7))
    again = [backwards.confidence(softmax) for softmax in some_softmaxes()[::-1]]
    assert numbers.tolist() == again[::-1]


def test_the_layout_in_memory_does_not_matter() -> None:
    miner, softmax = RandomMiner(MinerConfig()), some_softmaxes()[5]
    assert miner.confidence(np.asfortranarray(softmax)) == miner.confidence(softmax)
