"""Hard frames on their way to the cloud: each is settled exactly once, by answer or deadline."""

from __future__ import annotations

from threading import Lock
from typing import Generic
from typing import TypeVar

T = TypeVar('T')


class PendingHardFrames(Generic[T]):
    """
    A bounded set of frames with deadlines; any thread may use it.

    Who takes a frame out owns it: an answer and a deadline can never both settle it.
    """

    def __init__(self, max_in_flight: int) -> None:
        """
        Start empty.

        :param max_in_flight: frames held at once.
        """
        self.max_in_flight = max_in_flight
        self._lock = Lock()
        self._frames: dict[str, tuple[float, T]] = {}

    def __len__(self) -> int:
        """Count the frames on their way."""
        return len(self._frames)

    def add(self, frame_uid: str, frame: T, deadline_s: float) -> bool:
        """
        Hold a frame.

        :param frame_uid: identity of the frame.
        :param frame: what to settle later.
        :param deadline_s: time on the caller's clock at which it falls back.
        :returns: false when as many as allowed are held, or this uid already is; nothing is held
            then.
        """
        with self._lock:
            if len(self._frames) >= self.max_in_flight or frame_uid in self._frames:
                return False
            self._frames[frame_uid] = (deadline_s, frame)
            return True

    def take(self, frame_uid: str) -> T | None:
        """
        Take a frame out.

        :param frame_uid: identity of the frame.
        :returns: the frame; None when it was settled before.
        """
        with self._lock:
            held = self._frames.pop(frame_uid, None)
        return None if held is None else held[1]

    def expire(self, now_s: float) -> list[T]:
        """
        Take out every frame whose deadline has come.

        :param now_s: current time on the caller's clock.
        :returns: the frames, oldest first.
        """
        with self._lock:
            due = [uid for uid, (deadline_s, _) in self._frames.items() if deadline_s <= now_s]
            return [self._frames.pop(uid)[1] for uid in due]
