from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from laecips_core.config import MinerConfig
from laecips_core.errors import WeightsError
from laecips_core.mining.confidence import AlwaysMiner
from laecips_core.mining.confidence import mess
from laecips_core.mining.confidence import MessMiner
from laecips_core.mining.confidence import NeverMiner
from laecips_core.mining.confidence import sm
from laecips_core.mining.confidence import SmMiner
from laecips_core.mining.confidence import spp
from laecips_core.mining.confidence import SppMiner
from laecips_core.values import Verdict

# Two classes over two pixels: tops .75 and 1, seconds .25 and 0.
SMALL = np.array([[[0.75, 0.0]], [[0.25, 1.0]]], np.float32)


def random_softmax() -> np.ndarray:
    logits = np.random.default_rng(3).standard_normal((11, 12, 16))
    return (np.exp(logits) / np.exp(logits).sum(axis=0)).astype(np.float32)


def test_small_example_by_hand() -> None:
    assert mess(SMALL, 0.8) == 0.5
    assert sm(SMALL) == 0.75
    assert spp(SMALL) == 0.875


def test_mess_counts_a_pixel_at_the_threshold() -> None:
    assert mess(SMALL, 0.75) == 1.0


def test_all_agree_with_a_loop_over_pixels() -> None:
    softmax = random_softmax()
    ordered = [sorted(pixel.tolist()) for pixel in softmax.reshape(11, -1).T]
    assert mess(softmax, 0.3) == np.mean([pixel[-1] >= 0.3 for pixel in ordered])
    assert sm(softmax) == pytest.approx(np.mean([p[-1] - p[-2] for p in ordered]), abs=1e-6)
    assert spp(softmax) == pytest.approx(np.mean([pixel[-1] for pixel in ordered]), abs=1e-6)


def test_margin_of_equal_top_classes_is_zero() -> None:
    assert sm(np.full((4, 2, 2), 0.25, np.float32)) == 0.0


def test_one_class_is_sure() -> None:
    softmax = np.ones((1, 2, 2), np.float32)
    assert (mess(softmax, 0.7), sm(softmax), spp(softmax)) == (1.0, 1.0, 1.0)


def test_miners_give_their_functions_value() -> None:
    config = MinerConfig(pixel_threshold=0.8)
    assert MessMiner(config).confidence(SMALL) == 0.5
    assert SmMiner(config).confidence(SMALL) == 0.75
    assert SppMiner(config).confidence(SMALL) == 0.875


@pytest.mark.parametrize('threshold', [0.0, 0.5, 1.0])
def test_always_is_hard_at_every_threshold(threshold: float) -> None:
    miner = AlwaysMiner(MinerConfig())
    assert Verdict(miner.confidence(SMALL), threshold, miner.name).hard


@pytest.mark.parametrize(('threshold', 'hard'), [(0.0, False), (0.999, False), (1.0, True)])
def test_never_is_hard_at_threshold_one_only(threshold: float, hard: bool) -> None:
    miner = NeverMiner(MinerConfig())
    assert Verdict(miner.confidence(SMALL), threshold, miner.name).hard is hard


@pytest.mark.parametrize('kind', [MessMiner, SmMiner, SppMiner, AlwaysMiner, NeverMiner])
def test_no_weights_are_accepted_and_any_refused(kind: type[Any]) -> None:
    miner = kind(MinerConfig())
    miner.load_weights({})
    with pytest.raises(WeightsError, match=r"expected no arrays, got \['bias'\]"):
        miner.load_weights({'bias': np.zeros(1)})
