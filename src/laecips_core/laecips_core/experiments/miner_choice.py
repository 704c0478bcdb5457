"""Which frames a miner sends up at an upload rate, and what that is worth on frozen weights."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import ConfigError
from laecips_core.errors import ShapeError
from laecips_core.experiments.results import FrameSurvey

# Less is rounding.
_NO_ROOM = 1e-9


class Controller(Protocol):
    """What turns δ from the past alone, as far as a choice needs it."""

    def threshold(self) -> float:
        """Give δ in [0, 1] for the next frame."""

    def judged(self, confidence: float, hard: bool, delay_s: float, stamp_ns: int) -> None:
        """Learn of a frame that was judged by the last threshold."""


def choose_quantile(
    surveys: Sequence[FrameSurvey], miner: str, rate: float, seed: int = 0
) -> list[bool]:
    """
    Send the frames of smallest h, by one δ for the whole stream, chosen afterwards (Fig. 8).

    :param surveys: the stream.
    :param miner: whose confidences.
    :param rate: share of frames to send, in [0, 1].
    :param seed: chooses among frames of equal h, of which the stream's order must not decide.
    :returns: for each frame whether it is sent.
    """
    return _smallest(confidences(surveys, miner), rate, seed)


def choose_causal(
    surveys: Sequence[FrameSurvey],
    miner: str,
    controller: Callable[[], Controller],
    period_s: float = 1.0,
) -> list[bool]:
    """
    Send what a controller lets through, frame by frame, as the edge does (Eq. 2).

    :param surveys: the stream.
    :param miner: whose confidences.
    :param controller: makes a fresh one.
    :param period_s: seconds between two frames, for controllers that look at the clock.
    :returns: for each frame whether it is sent.
    """
    turned, chosen = controller(), []
    for number, confidence in enumerate(confidences(surveys, miner).tolist()):
        hard = not confidence > turned.threshold()
        turned.judged(confidence, hard, 0.0, round(number * period_s * 1e9))
        chosen.append(hard)
    return chosen


def choose_random(surveys: Sequence[FrameSurvey], rate: float, seed: int) -> list[bool]:
    """
    Send frames at random.

    :param surveys: the stream.
    :param rate: share of frames to send, in [0, 1].
    :param seed: of the choice.
    :returns: for each frame whether it is sent.
    """
    return _smallest(np.zeros(len(surveys)), rate, seed)


def choose_best(surveys: Sequence[FrameSurvey], rule: str, rate: float) -> list[bool]:
    """
    Send the frames of largest true benefit: the ceiling of every miner at this rate.

    :param surveys: the stream; frames without annotation come last.
    :param rule: fusion rule.
    :param rate: share of frames to send, in [0, 1].
    :returns: for each frame whether it is sent.
    """
    gains = benefits(surveys, rule)
    return _smallest(np.where(np.isnan(gains), np.inf, -gains), rate, 0)


def system_miou(surveys: Sequence[FrameSurvey], uploaded: Sequence[bool], rule: str) -> float:
    """
    Average what the user gets from a choice (Eq. 25).

    :param surveys: the stream.
    :param uploaded: for each frame whether it is sent.
    :param rule: fusion rule of the frames sent.
    :returns: mean per-image mIoU in [0, 1] over the annotated frames; nan without any.
    :raises ConfigError: when the fusion rule was not surveyed.
    :raises ShapeError: when choice and stream differ in length.
    """
    if len(uploaded) != len(surveys):
        raise ShapeError('uploaded', f'one for each of {len(surveys)} frames', len(uploaded))
    edge, fused = _scores(surveys, rule)
    got = np.where(np.asarray(uploaded, bool), fused, edge)
    known = got[~np.isnan(edge + fused)]
    return float(known.mean()) if len(known) else float('nan')


def benefits(surveys: Sequence[FrameSurvey], rule: str) -> NDArray[np.float64]:
    """
    Give the true benefit of every frame: mIoU(F(x)) − mIoU(f(x)).

    :param surveys: the stream.
    :param rule: fusion rule.
    :returns: (N,) in [−1, 1]; nan without annotation.
    :raises ConfigError: when the fusion rule was not surveyed.
    """
    edge, fused = _scores(surveys, rule)
    return fused - edge


def confidences(surveys: Sequence[FrameSurvey], miner: str) -> NDArray[np.float64]:
    """
    Give a miner's h of every frame.

    :param surveys: the stream.
    :param miner: its name.
    :returns: (N,) in [0, 1]; an h that is not a number counts as 0, which is hard (Eq. 2).
    :raises ConfigError: when the miner was not surveyed.
    """
    for survey in surveys:
        if miner not in survey.confidences:
            raise ConfigError('miner', miner, 'one of ' + ', '.join(survey.confidences))
    found = [survey.confidences[miner] for survey in surveys]
    return np.asarray([0.0 if math.isnan(h) else h for h in found], np.float64)


def way_to_ceiling(miner: float, chance: float, ceiling: float) -> float:
    """
    Say how far a miner goes from random choice to the ceiling.

    :param miner: its system mIoU.
    :param chance: that of random choice at the same upload rate.
    :param ceiling: that of the choice by true benefit at the same upload rate.
    :returns: 0: no better than random, 1: perfect, below 0: worse than random; nan when the
        ceiling is not above random choice.
    """
    room = ceiling - chance
    return (miner - chance) / room if room > _NO_ROOM else float('nan')


def _smallest(values: NDArray[np.float64], rate: float, seed: int) -> list[bool]:
    if not 0.0 <= rate <= 1.0:
        raise ConfigError('upload rate', rate, 'a share from 0 to 1')
    ties = np.random.default_rng(seed).permutation(len(values))
    chosen = np.zeros(len(values), bool)
    chosen[np.lexsort((ties, values))[: round(rate * len(values))]] = True
    return [bool(one) for one in chosen]


def _scores(
    surveys: Sequence[FrameSurvey], rule: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    for survey in surveys:
        if rule not in survey.fused_miou:
            raise ConfigError('fusion rule', rule, 'one of ' + ', '.join(survey.fused_miou))
    pairs = [(survey.edge_miou, survey.fused_miou[rule]) for survey in surveys]
    # None becomes nan.
    edge, fused = np.asarray(pairs, np.float64).reshape(-1, 2).T
    return edge, fused
