"""Controllers that turn δ for a mean delay or a byte rate: both come down to an upload rate."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Protocol

from laecips_core.config import ControllerConfig
from laecips_core.mining.controller import UploadRateController
from laecips_core.values import ControllerState

_NS_PER_S = 1_000_000_000
_LONGEST_GAP = 10.0


class Budget(Protocol):
    """What may be spent, and what a frame is measured to cost."""

    limit: float

    def judged(self, hard: bool, delay_s: float, stamp_ns: int) -> None:
        """Learn from a judged frame."""

    def answered(self, delay_s: float, bytes_up: int) -> None:
        """Learn from an upload."""

    def rate(self) -> float | None:
        """Give the upload rate that spends it; None while too little is measured."""


class RunningMean:
    """
    Mean of the last values.

    :param window: values kept, at least 1.
    """

    def __init__(self, window: int) -> None:
        """Start empty."""
        self._values: deque[float] = deque(maxlen=window)

    def add(self, value: float) -> None:
        """Take a value in."""
        self._values.append(value)

    def mean(self) -> float | None:
        """Give the mean; None when there is no value."""
        return sum(self._values) / len(self._values) if self._values else None


class DelayBudget:
    """
    A mean delay over all frames (Eq. 9 with the share of hard frames for 1 - E[h]).

    :param limit: delay_max in seconds.
    :param window: easy and hard frames averaged over, each.
    """

    def __init__(self, limit: float, window: int) -> None:
        """Start with nothing measured."""
        self.limit = limit
        self._easy_s, self._hard_s = RunningMean(window), RunningMean(window)

    def judged(self, hard: bool, delay_s: float, stamp_ns: int) -> None:
        """Learn the delay of an easy frame."""
        if not hard:
            self._easy_s.add(delay_s)

    def answered(self, delay_s: float, bytes_up: int) -> None:
        """Learn the delay of an upload."""
        self._hard_s.add(delay_s)

    def rate(self) -> float | None:
        """Give (delay_max - d1) / (d0 - d1); 1 where an upload costs no delay."""
        d1, d0 = self._easy_s.mean(), self._hard_s.mean()
        if d1 is None or d0 is None:
            return None
        return (self.limit - d1) / (d0 - d1) if d0 > d1 else 1.0


class ByteBudget:
    """
    Encoded frames sent, in bytes a second of the camera's clock.

    :param limit: bytes a second.
    :param window: frames averaged over.
    """

    def __init__(self, limit: float, window: int) -> None:
        """Start with nothing measured."""
        self.limit = limit
        self._period_s, self._upload_bytes = RunningMean(window), RunningMean(window)
        self._stamp_ns: int | None = None

    def judged(self, hard: bool, delay_s: float, stamp_ns: int) -> None:
        """Learn the frame period; a pause counts little, and a clock set back nothing."""
        before_ns, self._stamp_ns = self._stamp_ns, stamp_ns
        if before_ns is None or stamp_ns <= before_ns:
            return
        period_s, mean_s = (stamp_ns - before_ns) / _NS_PER_S, self._period_s.mean()
        self._period_s.add(period_s if mean_s is None else min(period_s, _LONGEST_GAP * mean_s))

    def answered(self, delay_s: float, bytes_up: int) -> None:
        """Learn the size of an upload."""
        self._upload_bytes.add(bytes_up)

    def rate(self) -> float | None:
        """Give budget times period over the mean size of an upload."""
        period_s, upload_bytes = self._period_s.mean(), self._upload_bytes.mean()
        if period_s is None or upload_bytes is None:
            return None
        return self.limit * period_s / upload_bytes


class _BudgetController:
    name: str

    def __init__(self, budget: Budget, config: ControllerConfig, threshold: float) -> None:
        """
        Start with ``config.upload_rate``, until enough is measured.

        :param budget: gives the upload rate to hold.
        :param config: first target and window.
        :param threshold: δ in [0, 1] to start from.
        """
        self._lock = Lock()
        self._budget = budget
        self._first_target = config.upload_rate
        self._steered = UploadRateController(config, threshold)

    def threshold(self) -> float:
        """Give δ for the next frame."""
        return self._steered.threshold()

    def judged(self, confidence: float, hard: bool, delay_s: float, stamp_ns: int) -> None:
        """Learn the frame and aim anew."""
        self._steered.judged(confidence, hard, delay_s, stamp_ns)
        with self._lock:
            self._budget.judged(hard, delay_s, stamp_ns)
            target = self._target()
        self._steered.aim(target)

    def answered(self, delay_s: float, bytes_up: int) -> None:
        """Learn what an upload cost; a hard frame that was never sent teaches nothing."""
        if bytes_up > 0:
            with self._lock:
                self._budget.answered(delay_s, bytes_up)

    def state(self) -> ControllerState:
        """Say target and rate of the window."""
        return self._steered.state()

    def _spend(self, limit: float, first_target: float) -> None:
        with self._lock:
            self._first_target = first_target
            changed, self._budget.limit = self._budget.limit != limit, limit
            target = self._target()
        if changed:
            self._steered.restart(target)

    def _target(self) -> float:
        rate = self._budget.rate()
        return self._first_target if rate is None else min(max(rate, 0.0), 1.0)


class MeanDelayController(_BudgetController):
    """
    Turns δ so that the mean delay of all frames meets a target (Eq. 7 to 10).

    :param config: ``mean_delay_s``, window, and the upload rate to start with.
    :param threshold: δ in [0, 1] to start from.
    """

    name = 'mean_delay'

    def __init__(self, config: ControllerConfig, threshold: float) -> None:
        """Start with nothing measured."""
        budget = DelayBudget(config.mean_delay_s, config.window_frames)
        super().__init__(budget, config, threshold)

    def configure(self, config: ControllerConfig, threshold: float) -> None:
        """Hold another mean delay; the same one changes nothing."""
        self._spend(config.mean_delay_s, config.upload_rate)


class ByteRateController(_BudgetController):
    """
    Turns δ so that uploads meet a byte rate.

    :param config: ``bytes_per_s``, window, and the upload rate to start with.
    :param threshold: δ in [0, 1] to start from.
    """

    name = 'byte_rate'

    def __init__(self, config: ControllerConfig, threshold: float) -> None:
        """Start with nothing measured."""
        budget = ByteBudget(config.bytes_per_s, config.window_frames)
        super().__init__(budget, config, threshold)

    def configure(self, config: ControllerConfig, threshold: float) -> None:
        """Hold another byte rate; the same one changes nothing."""
        self._spend(config.bytes_per_s, config.upload_rate)
