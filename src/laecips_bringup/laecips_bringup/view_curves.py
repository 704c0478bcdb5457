"""The curves of the live page: latency, upload rate and mIoU, within bounds."""

from __future__ import annotations

from collections import deque
from collections import OrderedDict

import numpy as np

from laecips_bringup.view_values import FramePoint
from laecips_bringup.view_values import FrameReport
from laecips_bringup.view_values import ScorePoint

WINDOW_FRAMES = 25
"""Frames behind one value of upload rate and mean mIoU; fewer at the beginning."""
MAX_POINTS = 4000
"""Points kept of each curve."""


class Curves:
    """Turns reports and scores into points."""

    def __init__(self, window: int = WINDOW_FRAMES, max_points: int = MAX_POINTS) -> None:
        """
        Start empty.

        :param window: frames behind one value of a mean.
        :param max_points: kept of each curve; the oldest go.
        """
        self._window = window
        self._run = 0
        self._frames: deque[FramePoint] = deque(maxlen=max_points)
        self._scores: deque[ScorePoint] = deque(maxlen=max_points)
        self._sent: OrderedDict[int, bool] = OrderedDict()
        self._mious: deque[float] = deque(maxlen=window)

    @property
    def frames(self) -> tuple[FramePoint, ...]:
        """One point for each report, oldest first."""
        return tuple(self._frames)

    @property
    def scores(self) -> tuple[ScorePoint, ...]:
        """One point for each score, oldest first."""
        return tuple(self._scores)

    def begin_run(self) -> None:
        """Begin the means anew; points stay."""
        self._run += 1
        self._sent.clear()
        self._mious.clear()

    def add_report(self, report: FrameReport, at_s: float) -> None:
        """
        Add one frame.

        :param report: of its mask. That of a refined mask adds no point, but tells that the frame
            was sent after all.
        :param at_s: when it came.
        """
        if report.refined:
            if report.stamp_ns in self._sent:
                self._sent[report.stamp_ns] |= report.sent
            return
        self._sent[report.stamp_ns] = report.sent
        if len(self._sent) > self._window:
            self._sent.popitem(last=False)
        rate = sum(self._sent.values()) / len(self._sent)
        number = self._frames[-1].number + 1 if self._frames else 1
        point = FramePoint(number, self._run, at_s, report.source, report.latency_s, rate)
        self._frames.append(point)

    def add_score(self, miou: float, at_s: float) -> None:
        """
        Add one scored mask.

        :param miou: in [0, 1]; nan, of a frame without annotated pixels, adds no point.
        :param at_s: when it was scored.
        """
        if np.isnan(miou):
            return
        self._mious.append(miou)
        number = self._scores[-1].number + 1 if self._scores else 1
        mean_miou = float(np.mean(self._mious))
        self._scores.append(ScorePoint(number, self._run, at_s, miou, mean_miou))
