"""The replay buffer: what the next training round learns from (Alg. 2, lines 17 to 24)."""

from __future__ import annotations

from laecips_core.errors import ConfigError
from laecips_core.values import Sample


class ReplayBuffer:
    """
    Samples since the last round; a round is due by size or by time, then the buffer is emptied.

    Time counts from the oldest sample, not from the last round as in the paper: after an idle
    hour the first hard frame would otherwise start a round of one.

    A frame uid is kept once: the same frame sent again replaces its older sample. Not safe for
    use from several threads.
    """

    def __init__(self, size: int, capacity: int, max_interval_s: float) -> None:
        """
        Start empty.

        :param size: samples that make a round due.
        :param capacity: samples held at most while a round runs; the oldest go.
        :param max_interval_s: seconds after which the oldest sample makes a round due.
        :raises ConfigError: when the capacity is below the size: no round would ever be due by it.
        """
        self._since_s = 0.0
        self._samples: dict[str, Sample] = {}
        self.configure(size, capacity, max_interval_s)

    def configure(self, size: int, capacity: int, max_interval_s: float) -> None:
        """
        Change when a round is due; what is above a smaller capacity stays for the next round.

        :param size: samples that make a round due.
        :param capacity: samples held at most while a round runs; the oldest go.
        :param max_interval_s: seconds after which the oldest sample makes a round due.
        :raises ConfigError: when the capacity is below the size; nothing changed then.
        """
        if capacity < size:
            raise ConfigError('update.buffer_capacity', capacity, f'int in [{size}, inf]')
        self._size, self._capacity, self._max_interval_s = size, capacity, max_interval_s

    def __len__(self) -> int:
        """Count the samples."""
        return len(self._samples)

    def append(self, sample: Sample, now_s: float) -> Sample | None:
        """
        Keep a sample.

        :param sample: a hard frame with its fused segmentation.
        :param now_s: current time in seconds, of any steady clock.
        :returns: the oldest sample, where it had to go for this one.
        """
        if not self._samples:
            self._since_s = now_s
        self._samples.pop(sample.frame.frame_uid, None)
        self._samples[sample.frame.frame_uid] = sample
        if len(self._samples) <= self._capacity:
            return None
        return self._samples.pop(next(iter(self._samples)))

    def due(self, now_s: float) -> bool:
        """
        Say whether a round is due; never with an empty buffer.

        :param now_s: current time in seconds.
        """
        waited = now_s - self._since_s > self._max_interval_s
        return bool(self._samples) and (len(self._samples) >= self._size or waited)

    def empty(self) -> list[Sample]:
        """
        Take everything out.

        :returns: all samples, oldest first.
        """
        samples = list(self._samples.values())
        self._samples.clear()
        return samples
