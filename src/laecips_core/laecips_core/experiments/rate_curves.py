"""Miners against random choice and against perfect choice, at every upload rate."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laecips_core.experiments.intervals import Interval
from laecips_core.experiments.intervals import mean_interval
from laecips_core.experiments.miner_choice import choose_best
from laecips_core.experiments.miner_choice import choose_quantile
from laecips_core.experiments.miner_choice import system_miou
from laecips_core.experiments.miner_scores import CEILING
from laecips_core.experiments.miner_scores import RANDOM
from laecips_core.experiments.miner_scores import random_miou
from laecips_core.experiments.results import FrameSurvey

_NORMAL_95 = 1.96


@dataclass(frozen=True)
class RateCurve:
    """
    System mIoU over the upload rate.

    :param name: of the miner; RANDOM and CEILING are the references.
    :param rates: upload rates in [0, 1].
    :param values: one for each rate: mean over the seeds; None without annotations.
    :param gains: one for each rate: the paired difference to random choice. Of RANDOM itself it is
        0, and the half width holds 95 % of single random choices on one stream.
    """

    name: str
    rates: tuple[float, ...]
    values: tuple[Interval | None, ...]
    gains: tuple[Interval | None, ...]


def rate_curves(
    surveys: Mapping[int, Sequence[FrameSurvey]],
    miners: Sequence[str],
    rule: str,
    rates: Sequence[float],
) -> list[RateCurve]:
    """
    Turn δ of every miner through all upload rates (Fig. 8).

    :param surveys: by seed, the stream.
    :param miners: names.
    :param rule: fusion rule.
    :param rates: upload rates in [0, 1].
    :returns: one for each miner, then RANDOM, then CEILING.
    """
    streams = [surveys[seed] for seed in sorted(surveys)]
    drawn = [[random_miou(stream, rule, rate) for stream in streams] for rate in rates]
    chance = [[mean for mean, _ in found] for found in drawn]
    luck = [_NORMAL_95 * float(np.mean([spread for _, spread in found])) for found in drawn]
    names = [*(name for name in miners if name != RANDOM), CEILING]
    curves = [
        _rate_curve(name, rates, _curve(streams, name, rule, rates), chance) for name in names
    ]
    means = tuple(map(mean_interval, chance))
    stray = tuple(Interval(0.0, one, len(streams)) for one in luck)
    return [*curves[:-1], RateCurve(RANDOM, tuple(rates), means, stray), curves[-1]]


def _rate_curve(
    name: str,
    rates: Sequence[float],
    found: Sequence[Sequence[float]],
    chance: Sequence[Sequence[float]],
) -> RateCurve:
    gains = [
        mean_interval([one - other for one, other in zip(own, random, strict=True)])
        for own, random in zip(found, chance, strict=True)
    ]
    return RateCurve(name, tuple(rates), tuple(map(mean_interval, found)), tuple(gains))


def _curve(
    streams: Sequence[Sequence[FrameSurvey]], name: str, rule: str, rates: Sequence[float]
) -> list[list[float]]:
    def choose(stream: Sequence[FrameSurvey], rate: float) -> list[bool]:
        if name == CEILING:
            return choose_best(stream, rule, rate)
        return choose_quantile(stream, name, rate)

    return [[system_miou(s, choose(s, rate), rule) for s in streams] for rate in rates]
