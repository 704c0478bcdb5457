"""What a replay has fed in, what came back, and what it still waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace

from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RoundRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.stream import StreamFrame
from laecips_core.values import LabelMap
from laecips_core.values import Source

STARTED = 'STARTED'
RELEASED = 'RELEASED'
ROLLED_BACK = 'ROLLED_BACK'

_IN_FORCE = (RELEASED, ROLLED_BACK)


@dataclass(frozen=True)
class Answer:
    """
    What a report says of a frame; see ``laecips_msgs/Report`` and :class:`FrameRecord`.

    :param training_round: rounds the cloud had started when it answered; 0 when it did not.
    """

    source: Source
    hard: bool
    confidence: float
    threshold: float
    weights_version: str
    fallback_reason: str
    latency_s: float
    edge_s: float
    cloud_s: float
    bytes_up: int
    bytes_down: int
    training_round: int


NO_ANSWER = Answer(Source.EDGE, False, 0.0, 0.0, '', '', 0.0, 0.0, 0.0, 0, 0, 0)
"""Stands in the record of a frame without a report; its mask is None unless that came alone."""


@dataclass
class _Fed:
    index: int
    stamp_ns: int
    task: int
    truth: LabelMap | None
    mask: LabelMap | None = None
    answer: Answer | None = None

    @property
    def answered(self) -> bool:
        return self.mask is not None and self.answer is not None

    def record(self) -> FrameRecord:
        facts = vars(self.answer or NO_ANSWER).copy()
        del facts['training_round']
        return FrameRecord(
            index=self.index,
            stamp_ns=self.stamp_ns,
            task=self.task,
            mask=self.mask,
            truth=self.truth,
            **facts,
        )


class ReplayState:
    """
    The book of one replay; knows nothing of ROS.

    :param method: row of the table.
    :param on_answer: called once for each frame when its mask and report are both there.
    """

    def __init__(self, method: str, on_answer: Callable[[FrameRecord], None]) -> None:
        """Start with nothing fed in."""
        self._method = method
        self._on_answer = on_answer
        self._fed: dict[int, _Fed] = {}
        self._masks_received = 0
        self._rounds: list[RoundRecord] = []
        self._newest_finished = 0
        self._released_version = ''
        self._update_bytes = 0
        self.edge_version = ''
        self.cloud_version = ''

    @property
    def frames_fed(self) -> int:
        """How many frames were fed in."""
        return len(self._fed)

    @property
    def all_answered(self) -> bool:
        """Whether every frame fed in has mask and report."""
        return all(fed.answered for fed in self._fed.values())

    @property
    def outdated(self) -> str:
        """Name the cloud's version while the edge uses another; empty when they agree."""
        same = self.edge_version == self.cloud_version
        return '' if same else f'version {self.cloud_version} of the cloud on the edge'

    def feed(self, frame: StreamFrame) -> None:
        """
        Note a frame that is about to be published.

        :param frame: of a stamp not fed before; its image is not kept.
        """
        fed = _Fed(len(self._fed), frame.stamp_ns, frame.task, frame.labels)
        self._fed[frame.stamp_ns] = fed

    def take_mask(self, stamp_ns: int, mask: LabelMap) -> None:
        """
        Note a message on ``~/mask``; of several with one stamp the first counts as the answer.

        :param stamp_ns: its stamp.
        :param mask: (H, W) uint8 class ids.
        """
        self._masks_received += 1
        fed = self._fed.get(stamp_ns)
        if fed is not None and fed.mask is None:
            fed.mask = mask
            self._tell(fed)

    def take_report(self, stamp_ns: int, answer: Answer) -> None:
        """
        Note a message on ``~/report`` that belongs to ``~/mask``.

        :param stamp_ns: its stamp.
        :param answer: what it says.
        """
        fed = self._fed.get(stamp_ns)
        if fed is not None and fed.answer is None:
            fed.answer = answer
            self._tell(fed)

    def take_edge_version(self, version: str, size_bytes: int) -> None:
        """
        Note the version that the edge uses; the first is the one it started with.

        :param version: content address.
        :param size_bytes: of the payload that brought it.
        """
        if self.edge_version and version != self.edge_version:
            self._update_bytes += size_bytes
        self.edge_version = version

    def take_round(self, news: RoundRecord) -> None:
        """
        Note the state of the newest training round.

        One that had finished before the first frame belongs to another run and is not recorded.

        :param news: the round; ``state`` may also be STARTED, ``after_frame`` is not read.
        """
        if news.state == STARTED or news.number <= self._newest_finished:
            return
        self._newest_finished = news.number
        if self._fed:
            self._released_version = news.version if news.state in _IN_FORCE else ''
            self._rounds.append(replace(news, after_frame=len(self._fed) - 1))

    def unanswered(self, stamp_ns: int) -> str:
        """
        Name what has not come of mask and report; empty when both have.

        :param stamp_ns: of the frame.
        """
        fed = self._fed[stamp_ns]
        wanted = {'mask': fed.mask, 'report': fed.answer}
        return ' and '.join(name for name, got in wanted.items() if got is None)

    def unsettled(self, stamp_ns: int) -> str:
        """
        Name the training round, or the version it released, that an answered frame waits for.

        :param stamp_ns: of the frame.
        :returns: empty when there is none.
        """
        answer = self._fed[stamp_ns].answer
        if answer is not None and answer.training_round > self._newest_finished:
            return f'the end of training round {answer.training_round}'
        if self._released_version not in ('', self.edge_version):
            return f'version {self._released_version} on the edge'
        return ''

    def run_record(self) -> RunRecord:
        """Give all of it; frames without an answer are in it too."""
        return RunRecord(
            method=self._method,
            frames_fed=len(self._fed),
            masks_received=self._masks_received,
            update_bytes=self._update_bytes,
            frames=[fed.record() for fed in self._fed.values()],
            rounds=list(self._rounds),
        )

    def _tell(self, fed: _Fed) -> None:
        if fed.answered:
            self._on_answer(fed.record())
