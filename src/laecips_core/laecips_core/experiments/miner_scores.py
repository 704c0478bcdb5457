"""Miners against random choice and against perfect choice, at one upload rate."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laecips_core.experiments.miner_choice import benefits
from laecips_core.experiments.miner_choice import choose_best
from laecips_core.experiments.miner_choice import choose_causal
from laecips_core.experiments.miner_choice import choose_quantile
from laecips_core.experiments.miner_choice import confidences
from laecips_core.experiments.miner_choice import Controller
from laecips_core.experiments.miner_choice import system_miou
from laecips_core.experiments.miner_choice import way_to_ceiling
from laecips_core.experiments.rank_statistics import auroc
from laecips_core.experiments.rank_statistics import spearman
from laecips_core.experiments.results import FrameSurvey

HARD_BENEFIT = 0.1
"""mIoU(F(x)) − mIoU(f(x)) from which the paper calls an input hard."""

RANDOM = 'random'
CEILING = 'ceiling'


@dataclass(frozen=True)
class MinerScore:
    """
    What a miner is worth on one stream.

    :param miner: its name; RANDOM and CEILING are the references.
    :param miou: system mIoU in [0, 1] by one δ chosen afterwards.
    :param upload_rate: share of frames sent for it.
    :param causal_miou: system mIoU with the controller; nan without one.
    :param causal_rate: share of frames sent for it; nan without one.
    :param way: from random choice (0) to perfect choice (1), by one δ; nan where there is no way.
    :param causal_way: the same with the controller, at the rate that it came to.
    :param auroc: of −h for "benefit ≥ 0.1"; nan when all or no frames are so.
    :param rank_correlation: Spearman's, of −h with the true benefit; nan when all h are equal.
    """

    miner: str
    miou: float
    upload_rate: float
    causal_miou: float
    causal_rate: float
    way: float
    causal_way: float
    auroc: float
    rank_correlation: float


def random_miou(surveys: Sequence[FrameSurvey], rule: str, rate: float) -> tuple[float, float]:
    """
    Give what random choice has, over all choices of this many frames.

    :param surveys: the stream.
    :param rule: fusion rule.
    :param rate: upload rate in [0, 1].
    :returns: mean and standard deviation of the system mIoU; nan without annotations. A sum of k
        values drawn from N without replacement has the variance k (1 − k / N) S², with S² that
        of the values; frames without annotation make it an approximation.
    """
    gains = benefits(surveys, rule)
    gains = gains[~np.isnan(gains)]
    if not len(gains):
        return float('nan'), float('nan')
    share = round(rate * len(surveys)) / len(surveys)
    alone = system_miou(surveys, [False] * len(surveys), rule)
    variance = float(gains.var(ddof=1)) if len(gains) > 1 else 0.0
    spread = (share * (1.0 - share) * variance / len(gains)) ** 0.5
    return alone + share * float(gains.mean()), spread


def score_miner(
    surveys: Sequence[FrameSurvey],
    miner: str,
    rule: str,
    rate: float,
    controller: Callable[[], Controller] | None = None,
) -> MinerScore:
    """
    Judge a miner on one stream.

    :param surveys: the stream.
    :param miner: its name.
    :param rule: fusion rule.
    :param rate: upload rate in [0, 1].
    :param controller: makes a controller with this rate as target; None: no causal figures.
    """
    miou, sent, way = _worth(surveys, choose_quantile(surveys, miner, rate), rule)
    causal = (float('nan'),) * 3
    if controller is not None:
        causal = _worth(surveys, choose_causal(surveys, miner, controller), rule)
    gains = benefits(surveys, rule)
    known = ~np.isnan(gains)
    score = -confidences(surveys, miner)[known]
    return MinerScore(
        miner=miner,
        miou=miou,
        upload_rate=sent,
        causal_miou=causal[0],
        causal_rate=causal[1],
        way=way,
        causal_way=causal[2],
        auroc=auroc(score, gains[known] >= HARD_BENEFIT),
        rank_correlation=spearman(score, gains[known]),
    )


def reference_scores(
    surveys: Sequence[FrameSurvey], rule: str, rate: float
) -> tuple[MinerScore, MinerScore]:
    """
    Give the two ends that miners lie between.

    :param surveys: the stream.
    :param rule: fusion rule.
    :param rate: upload rate in [0, 1].
    :returns: RANDOM and CEILING; the causal figures are nan, because neither turns a δ.
    """
    best = choose_best(surveys, rule, rate)
    sent = float(np.mean(best))
    none = float('nan')
    chance, _ = random_miou(surveys, rule, rate)
    ceiling = system_miou(surveys, best, rule)
    return (
        MinerScore(RANDOM, chance, sent, none, none, 0.0, none, 0.5, 0.0),
        MinerScore(CEILING, ceiling, sent, none, none, 1.0, none, 1.0, 1.0),
    )


def _worth(
    surveys: Sequence[FrameSurvey], chosen: Sequence[bool], rule: str
) -> tuple[float, float, float]:
    """Give system mIoU, upload rate, and the way to the ceiling at that rate."""
    rate = float(np.mean(chosen))
    miou = system_miou(surveys, chosen, rule)
    ceiling = system_miou(surveys, choose_best(surveys, rule, rate), rule)
    chance, _ = random_miou(surveys, rule, rate)
    return miou, rate, way_to_ceiling(miou, chance, ceiling)
