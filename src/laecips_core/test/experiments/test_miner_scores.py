from __future__ import annotations

import numpy as np
import pytest

from laecips_core.experiments.miner_choice import choose_random
from laecips_core.experiments.miner_choice import system_miou
from laecips_core.experiments.miner_scores import CEILING
from laecips_core.experiments.miner_scores import RANDOM
from laecips_core.experiments.miner_scores import random_miou
from laecips_core.experiments.miner_scores import reference_scores
from laecips_core.experiments.miner_scores import score_miner
from laecips_core.experiments.results import FrameSurvey


class _AllHard:
    def threshold(self) -> float:
        return 1.0

    def judged(self, confidence: float, hard: bool, delay_s: float, stamp_ns: int) -> None:
        pass


def _stream(frames: int = 40, seed: int = 0) -> list[FrameSurvey]:
    rng = np.random.default_rng(seed)
    stream = []
    for index in range(frames):
        edge, gain = 0.3 + 0.2 * rng.random(), 0.3 * rng.random() - 0.1
        h = {'perfect': 0.5 - gain, 'wrong': 0.5 + gain, 'blind': 0.5}
        stream.append(FrameSurvey(index, 0, edge, {'plain': edge + gain}, 0.0, h))
    return stream


def test_perfect_miner_reaches_the_ceiling() -> None:
    stream = _stream()
    score = score_miner(stream, 'perfect', 'plain', 0.4)
    chance, ceiling = reference_scores(stream, 'plain', 0.4)
    assert (chance.miner, ceiling.miner) == (RANDOM, CEILING)
    assert score.miou == ceiling.miou > chance.miou
    assert score.upload_rate == ceiling.upload_rate == 0.4
    assert score.way == pytest.approx(1.0)
    assert score.auroc == 1.0
    assert score.rank_correlation == pytest.approx(1.0)


def test_wrong_and_blind_miners() -> None:
    wrong = score_miner(_stream(), 'wrong', 'plain', 0.4)
    assert wrong.way < 0.0
    assert wrong.auroc == 0.0
    assert wrong.rank_correlation == pytest.approx(-1.0)
    blind = score_miner(_stream(), 'blind', 'plain', 0.4)
    assert blind.auroc == 0.5
    assert np.isnan(blind.rank_correlation)


def test_controller_gives_the_causal_figures() -> None:
    stream = _stream()
    fused = np.mean([frame.fused_miou['plain'] for frame in stream])
    score = score_miner(stream, 'perfect', 'plain', 0.4, _AllHard)
    assert score.causal_rate == 1.0
    assert score.causal_miou == pytest.approx(fused)
    assert np.isnan(score.causal_way)
    assert np.isnan(score_miner(stream, 'perfect', 'plain', 0.4).causal_miou)


@pytest.mark.parametrize('rate', [0.0, 0.25, 0.38, 1.0])
def test_random_is_what_many_random_choices_are(rate: float) -> None:
    stream = _stream()
    mean, spread = random_miou(stream, 'plain', rate)
    tries = [system_miou(stream, choose_random(stream, rate, i), 'plain') for i in range(2000)]
    assert mean == pytest.approx(np.mean(tries), abs=0.001)
    assert spread == pytest.approx(np.std(tries), abs=0.001)


def test_random_without_annotation_is_no_number() -> None:
    assert np.isnan(random_miou([FrameSurvey(0, 0, None, {'plain': None}, 0, {})], 'plain', 1)[0])
