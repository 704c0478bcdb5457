"""What turns δ: nothing, or a controller that holds an upload rate on a drifting stream."""

from __future__ import annotations

from bisect import bisect_left
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
import math
from threading import Lock

from laecips_core.config import ControllerConfig
from laecips_core.mining.upload_debt import UploadDebt
from laecips_core.values import ControllerState

_ALL_HARD = 1.0
_ALL_EASY = 0.0
# Of the spread u (1 - u): more chases the debt and less the hardest frames; 1 to 1.5 is flat.
_GAIN = 1.2


class FixedThreshold:
    """
    δ as people set it; only watches the upload rate.

    :param config: the window that the rate is measured over.
    :param threshold: δ in [0, 1].
    """

    name = 'fixed'

    def __init__(self, config: ControllerConfig, threshold: float) -> None:
        """Start with no frame seen."""
        self._threshold = threshold
        self._uploads: deque[bool] = deque(maxlen=config.window_frames)

    def configure(self, config: ControllerConfig, threshold: float) -> None:
        """Use another δ from the next frame on."""
        self._threshold = threshold

    def threshold(self) -> float:
        """Give δ."""
        return self._threshold

    def judged(self, confidence: float, hard: bool, delay_s: float, stamp_ns: int) -> None:
        """Count the frame."""
        self._uploads.append(hard)

    def answered(self, delay_s: float, bytes_up: int) -> None:
        """Learn nothing."""

    def state(self) -> ControllerState:
        """Say the rate of the window; there is no target."""
        return ControllerState(self._threshold, math.nan, _rate(self._uploads))


class UploadRateController:
    """
    Turns δ so that the share of hard frames meets a target, with the hardest frames in it.

    δ is the quantile of the window's confidences at the target, moved a little by the debt. Where
    :class:`UploadDebt` allows one step only, δ is 1 (every frame is hard) or 0 (every frame with
    h > 0 is easy). Frames with h = 0 or an h that is not a number are hard at every δ (Eq. 2):
    they go up whatever the target.

    :param config: target and window.
    :param threshold: δ in [0, 1] to start from: the confidence of a frame before the first.
    """

    name = 'upload_rate'

    def __init__(self, config: ControllerConfig, threshold: float) -> None:
        """Start with no frame seen."""
        self._lock = Lock()
        self._window_frames = config.window_frames
        self._asked = self._target = config.upload_rate
        self._debt = UploadDebt(config.window_frames)
        self._confidences = deque([threshold], maxlen=config.window_frames)
        self._uploads: deque[bool] = deque(maxlen=config.window_frames)

    def configure(self, config: ControllerConfig, threshold: float) -> None:
        """Start over with another target; the same target changes nothing."""
        if config.upload_rate != self._asked:
            self._asked = config.upload_rate
            self.restart(config.upload_rate)

    def restart(self, target: float) -> None:
        """
        Hold another target from the next frame on, with no debt from before.

        :param target: upload rate in [0, 1].
        """
        with self._lock:
            self._target, self._debt = target, UploadDebt(self._window_frames)

    def aim(self, target: float) -> None:
        """
        Move the target and keep the debt, for targets that follow what is measured.

        :param target: upload rate in [0, 1].
        """
        with self._lock:
            self._target = target

    def threshold(self) -> float:
        """Give δ for the next frame."""
        with self._lock:
            return self._choose()

    def judged(self, confidence: float, hard: bool, delay_s: float, stamp_ns: int) -> None:
        """Learn the frame's confidence and count it."""
        with self._lock:
            self._debt.add(self._target, hard)
            self._uploads.append(hard)
            self._confidences.append(0.0 if math.isnan(confidence) else confidence)

    def answered(self, delay_s: float, bytes_up: int) -> None:
        """Learn nothing."""

    def state(self) -> ControllerState:
        """Say target and rate of the window."""
        with self._lock:
            return ControllerState(self._choose(), self._target, _rate(self._uploads))

    def _choose(self) -> float:
        pressure = self._debt.pressure(self._target)
        if pressure > 1.0:
            return _ALL_HARD
        if pressure < -1.0:
            return _ALL_EASY
        spread = self._target * (1.0 - self._target)
        share = self._target + _GAIN * spread * pressure
        return threshold_at(self._confidences, share, with_ties=pressure >= 0.0)


def threshold_at(confidences: Iterable[float], share: float, *, with_ties: bool) -> float:
    """
    Find a δ that makes a share of such frames hard.

    :param confidences: of recent frames, in [0, 1]; at least one.
    :param share: wanted share; clipped to [0, 1].
    :param with_ties: whether δ takes in several equal confidences that it falls on, or stays
        below them.
    :returns: δ in [0, 1], between the two confidences around the share; 0 when below the ties is
        nothing.
    """
    ends = [_ALL_EASY, *sorted(confidences), _ALL_HARD]
    place = min(max(share, 0.0), 1.0) * (len(ends) - 1)
    index = min(int(place), len(ends) - 2)
    threshold = ends[index] + (place - index) * (ends[index + 1] - ends[index])
    first = bisect_left(ends, threshold)
    if with_ties or bisect_right(ends, threshold) - first < 2:
        return threshold
    return ends[max(first - 1, 0)]


def _rate(uploads: deque[bool]) -> float:
    seen = tuple(uploads)
    return sum(seen) / len(seen) if seen else math.nan
