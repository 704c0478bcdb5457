"""How far a stream's uploads are from their target, and what its next frame may do."""

from __future__ import annotations

from collections import deque

_WINDOW_TOLERANCE = 0.05
_STREAM_TOLERANCE = 0.01
_STREAM_FRAMES = 120


class UploadDebt:
    """
    Uploads owed to a target rate, kept inside bounds by saying which next step is allowed.

    The debt after n frames is the sum of their targets less the uploads; it is below 0 when too
    many went up. A step is allowed when afterwards

    - the debt is at most 1 % of the frames so far, but never asked to be below 1.2 (1 % of 120
      frames) and never allowed above 5 % of the window, and
    - it has changed by at most 5 % of the window over the last ``window_frames`` frames.

    With a constant target one of both steps is always allowed (docs/method.md has the proof), so
    who takes only allowed ones keeps every full window within 5 points of the target and every
    stream of 120 frames or more within 1 point. Where the target moves, the stream is kept as
    well, a window within 10 points. Not thread-safe.
    """

    def __init__(self, window_frames: int) -> None:
        """
        Start without debt.

        :param window_frames: frames of the sliding window, at least 30.
        """
        self._tolerance = _WINDOW_TOLERANCE * window_frames
        self._frames = 0
        self._debts = deque([0.0], maxlen=window_frames)

    def pressure(self, target: float) -> float:
        """
        Say where the next frame's choice stands between the bounds.

        :param target: upload rate of the next frame, in [0, 1].
        :returns: above 1: only an upload is allowed; below -1: only none; between them both
            are, and 0 is the middle.
        """
        limit = self._limit(self._frames + 1)
        low, high = -limit, limit
        if len(self._debts) == self._debts.maxlen:
            oldest = self._debts[0]
            low = max(low, oldest - self._tolerance)
            high = min(high, oldest + self._tolerance)
        # The step leads to owed without an upload and to owed - 1 with one.
        owed = self._debts[-1] + target
        return (owed - 0.5 - (low + high) / 2) / ((high - low - 1) / 2)

    def add(self, target: float, uploaded: bool) -> None:
        """
        Take one frame in; a step that was not allowed is forgotten beyond the bound.

        :param target: its upload rate, in [0, 1].
        :param uploaded: whether it went up.
        """
        self._frames += 1
        limit = self._limit(self._frames)
        debt = self._debts[-1] + target - uploaded
        self._debts.append(min(max(debt, -limit), limit))

    def _limit(self, frames: int) -> float:
        late = min(_STREAM_TOLERANCE * frames, self._tolerance)
        return max(_STREAM_TOLERANCE * _STREAM_FRAMES, late)
