"""How the link is, judged from heartbeats."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from threading import Lock


class LinkLevel(IntEnum):
    """How good the link is; the numbers are those of ``LinkState``."""

    DOWN = 0
    DEGRADED = 1
    UP = 2


@dataclass(frozen=True)
class LinkBounds:
    """
    What makes a link down or degraded.

    :param down_after_s: seconds without an answered heartbeat; an answer later than this after
        its heartbeat is none.
    :param degraded_rtt_s: smoothed round trip above which the link is degraded, in seconds; a
        heartbeat not answered by then is missing until its answer comes.
    :param degraded_missing_ratio: share of the last heartbeats, in [0, 1]; with more of them
        missing the link is degraded.
    :param window_beats: how many heartbeats count as the last ones.
    :param rtt_weight: share of the newest round trip in the smoothed one, in (0, 1].
    """

    down_after_s: float = 3.0
    degraded_rtt_s: float = 0.5
    degraded_missing_ratio: float = 0.3
    window_beats: int = 10
    rtt_weight: float = 0.25


@dataclass(frozen=True)
class LinkFacts:
    """
    How the link is.

    :param level: up, degraded or down.
    :param reason: why, in words.
    :param rtt_s: round trip of the last heartbeat answered, in seconds; 0 before the first.
    :param since_s: when this level began, on the clock of the questions. The loss of beats or
        of answers that slowly makes a link degraded begins when it is first asked for.
    """

    level: LinkLevel
    reason: str
    rtt_s: float
    since_s: float


@dataclass
class _Beat:
    number: int
    sent_s: float
    answered: bool = False


class LinkWatch:
    """
    Judges the link from what happens to session and heartbeats.

    It is down until a session stands and a heartbeat was answered over it, and again when the
    session is lost or no answer came for a while. One answer makes a link that was down a new
    one: what was before is forgotten. Safe to use from several threads.
    """

    def __init__(self, bounds: LinkBounds, now_s: float = 0.0) -> None:
        """
        Start down.

        :param bounds: what makes a link down or degraded.
        :param now_s: monotonic time in seconds, as in all calls.
        """
        self._bounds = bounds
        self._lock = Lock()
        self._beats: deque[_Beat] = deque(maxlen=bounds.window_beats)
        self._open = False
        self._cause = 'never connected'
        self._answered_s: float | None = None
        self._rtt_s = self._smooth_rtt_s = 0.0
        self._level, self._since_s = LinkLevel.DOWN, now_s

    def configure(self, bounds: LinkBounds) -> None:
        """
        Judge by other bounds from now on.

        :param bounds: what makes a link down or degraded; the window stays.
        """
        with self._lock:
            self._bounds = bounds

    def session_opened(self, now_s: float) -> None:
        """
        Note that a session stands; it is up when it answers a heartbeat.

        :param now_s: monotonic time in seconds.
        """
        with self._lock:
            self._judge(now_s)
            self._forget('connected, no heartbeat answered yet')
            self._open = True
            self._judge(now_s)

    def session_lost(self, reason: str, now_s: float) -> None:
        """
        Note that there is no session, or that none could be opened.

        :param reason: why, in words.
        :param now_s: monotonic time in seconds.
        """
        with self._lock:
            self._judge(now_s)
            self._forget(reason)
            self._open = False
            self._judge(now_s)

    def beat_sent(self, number: int, now_s: float) -> None:
        """
        Note a heartbeat on its way; without a session it goes nowhere and is not counted.

        :param number: its number, another one each time.
        :param now_s: monotonic time in seconds.
        """
        with self._lock:
            if self._open:
                self._beats.append(_Beat(number, now_s))

    def beat_answered(self, number: int, now_s: float) -> None:
        """
        Note an answer; one that is unknown, too late, or came before changes nothing.

        :param number: which heartbeat it answers; untrusted.
        :param now_s: monotonic time in seconds.
        """
        with self._lock:
            self._judge(now_s)
            beat = next((b for b in self._beats if b.number == number and not b.answered), None)
            if beat is None or now_s - beat.sent_s > self._bounds.down_after_s:
                return
            beat.answered = True
            self._answered_s, self._rtt_s = now_s, now_s - beat.sent_s
            if self._level is LinkLevel.DOWN:
                self._smooth_rtt_s = self._rtt_s
                while self._beats[0] is not beat:
                    self._beats.popleft()
            self._smooth_rtt_s += self._bounds.rtt_weight * (self._rtt_s - self._smooth_rtt_s)
            self._judge(now_s)

    def state(self, now_s: float) -> LinkFacts:
        """
        Tell how the link is.

        :param now_s: monotonic time in seconds.
        """
        with self._lock:
            reason = self._judge(now_s)
            return LinkFacts(self._level, reason, self._rtt_s, self._since_s)

    def _forget(self, cause: str) -> None:
        self._beats.clear()
        self._answered_s, self._cause = None, cause

    def _judge(self, now_s: float) -> str:
        level, reason, since_s = self._verdict(now_s)
        if level is not self._level:
            self._level, self._since_s = level, since_s
        return reason

    def _verdict(self, now_s: float) -> tuple[LinkLevel, str, float]:
        bounds = self._bounds
        if self._answered_s is None:
            return LinkLevel.DOWN, self._cause, now_s
        silent_from_s = self._answered_s + bounds.down_after_s
        if now_s >= silent_from_s:
            reason = f'no heartbeat answered for {bounds.down_after_s:g} s'
            return LinkLevel.DOWN, reason, silent_from_s
        if self._smooth_rtt_s > bounds.degraded_rtt_s:
            return LinkLevel.DEGRADED, f'round trip {self._smooth_rtt_s:.3f} s', now_s
        missing = self._missing(now_s)
        if missing > bounds.degraded_missing_ratio * bounds.window_beats:
            reason = f'{missing} of the last {bounds.window_beats} heartbeats not answered'
            return LinkLevel.DEGRADED, reason, now_s
        return LinkLevel.UP, 'heartbeats are answered', now_s

    def _missing(self, now_s: float) -> int:
        due_s = now_s - self._bounds.degraded_rtt_s
        return sum(not beat.answered and beat.sent_s < due_s for beat in self._beats)
