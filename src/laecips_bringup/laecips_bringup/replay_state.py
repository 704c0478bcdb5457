"""What a replay has fed in, what came back, and what it still waits for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import replace

from laecips_bringup.answer import Answer
from laecips_bringup.edge_counters import EdgeCounters
from laecips_bringup.edge_counters import FAILED
from laecips_bringup.fed_frame import FedFrame
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RoundRecord
from laecips_bringup.records import RunRecord
from laecips_core.values import LabelMap

STARTED = 'STARTED'
RELEASED = 'RELEASED'
ROLLED_BACK = 'ROLLED_BACK'

_IN_FORCE = (RELEASED, ROLLED_BACK)
_REFUSED = 'refused by the edge node, whose log says why'


class ReplayState:
    """
    The book of one replay; knows nothing of ROS.

    :param method: row of the table.
    :param on_answer: called once for each frame when its mask and report are both there, or when
        it has failed.
    """

    def __init__(self, method: str, on_answer: Callable[[FrameRecord], None]) -> None:
        """Start with nothing fed in."""
        self._method = method
        self._on_answer = on_answer
        self._fed: dict[int, FedFrame] = {}
        self._unreadable = 0
        self._blamed: Counter[str] = Counter()
        self.counters = EdgeCounters()
        self._masks_received = 0
        self._rounds: list[RoundRecord] = []
        self._newest_finished = 0
        self._released_version = ''
        self._update_bytes = 0
        self.edge_version = ''
        self.cloud_version = ''

    @property
    def frames(self) -> int:
        """How many frames there were, those that could not be read included."""
        return len(self._fed)

    @property
    def all_explained(self) -> bool:
        """Whether every frame has mask and report, or the edge has counted why it has not."""
        unsettled = sum(not fed.settled for fed in self._fed.values())
        return unsettled <= self.counters.explained() - self._blamed.total()

    @property
    def outdated(self) -> str:
        """Name the cloud's version while the edge uses another; empty when they agree."""
        same = self.edge_version == self.cloud_version
        return '' if same else f'version {self.cloud_version} of the cloud on the edge'

    def feed(self, stamp_ns: int, task: int, truth: LabelMap | None) -> None:
        """
        Note a frame that is about to be published.

        :param stamp_ns: not that of a frame fed before.
        :param task: it belongs to, from 0.
        :param truth: (H, W) uint8 class ids; None without annotation.
        """
        self._fed[stamp_ns] = FedFrame(len(self._fed), stamp_ns, task, truth)

    def skip(self, stamp_ns: int, task: int, code: str, text: str) -> None:
        """
        Note a frame that cannot be published.

        :param stamp_ns: its stamp; another frame may have it too.
        :param task: it belongs to, from 0.
        :param code: of the error.
        :param text: of the error.
        """
        self._unreadable += 1
        fed = FedFrame(len(self._fed), stamp_ns, task, None)
        self._fed[-self._unreadable] = fed
        self._fail(fed, code, text)

    def fail(self, stamp_ns: int, code: str) -> None:
        """
        Note that the edge could not use a frame, and has counted that.

        :param stamp_ns: of the frame.
        :param code: of the error.
        """
        self._blamed[code] += 1
        self._fail(self._fed[stamp_ns], code, _REFUSED)

    def take_counters(self, counters: Mapping[str, int]) -> None:
        """
        Note what the edge's diagnostics count.

        :param counters: by name.
        """
        self.counters.take(counters, begun=bool(self._fed))

    def blame(self, stamp_ns: int) -> str:
        """
        Take a failure that the edge has counted, and that is no other frame's, as this frame's.

        :param stamp_ns: of the only frame that is under way.
        :returns: code of the error; empty when nothing failed.
        """
        fed = self._fed[stamp_ns]
        codes = sorted(self.counters.failures() - self._blamed)
        if not codes or fed.settled:
            return ''
        self.fail(stamp_ns, codes[0])
        return codes[0]

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
        Name what has not come of mask and report; empty when both have, or the frame has failed.

        :param stamp_ns: of the frame.
        """
        fed = self._fed[stamp_ns]
        if fed.failed:
            return ''
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
            frames_fed=len(self._fed) - self._unreadable,
            masks_received=self._masks_received,
            update_bytes=self._update_bytes,
            frames=[fed.record() for fed in self._fed.values()],
            rounds=list(self._rounds),
            edge_counts=self._counts(),
        )

    def _fail(self, fed: FedFrame, code: str, text: str) -> None:
        if not fed.settled:
            fed.failed, fed.failure = code, text
            self._on_answer(fed.record())

    def _counts(self) -> dict[str, int]:
        blamed = Counter({FAILED + code: count for code, count in self._blamed.items()})
        return dict(sorted((self.counters.risen() - blamed).items()))

    def _tell(self, fed: FedFrame) -> None:
        if fed.settled and not fed.failed:
            self._on_answer(fed.record())
