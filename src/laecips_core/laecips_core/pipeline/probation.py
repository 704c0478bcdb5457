"""Newly swapped weights, watched for some frames with the last good ones at hand."""

from __future__ import annotations

from typing import Protocol

from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.edge import judge
from laecips_core.pipeline.edge import Judgement
from laecips_core.pipeline.edge import Proven
from laecips_core.pipeline.edge import RunningVersion
from laecips_core.pipeline.self_check import check_finite
from laecips_core.values import Frame


class ProbationEvents(Protocol):
    """What becomes of weights on probation; called on the thread that judges frames."""

    def on_proven(self, version: str) -> None:
        """Take note that the weights have passed."""

    def on_returned(self, version: str, reason: str) -> None:
        """Take note that the weights failed, why, and that the last good ones run again."""


class OnProbation:
    """
    Weights that give way to the last good ones at their first fault.

    A fault is an exception or a number that is not finite. The frame is then judged by the last
    good weights; where these fail too, the frame is at fault, and the weights stay.
    """

    def __init__(
        self, parts: EdgeParts, good: EdgeParts, frames: int, events: ProbationEvents
    ) -> None:
        """
        Begin a probation.

        :param parts: the new weights.
        :param good: the last good ones.
        :param frames: how many frames without a fault end it, at least 1.
        :param events: told of its end.
        """
        self.parts, self.good, self.frames_left = parts, good, frames
        self._events = events

    def judge(self, frame: Frame) -> tuple[Judgement, RunningVersion]:
        """
        Judge one frame.

        :param frame: the frame.
        :returns: the judgement, and what runs from the next frame on.
        """
        version = self.parts.weights_version
        try:
            judgement = judge(self.parts, frame)
            check_finite(judgement)
        except Exception as error:
            judgement = judge(self.good, frame)
            self._events.on_returned(version, str(error) or repr(error))
            return judgement, Proven(self.good)
        self.frames_left -= 1
        if self.frames_left > 0:
            return judgement, self
        self._events.on_proven(version)
        return judgement, Proven(self.parts)
