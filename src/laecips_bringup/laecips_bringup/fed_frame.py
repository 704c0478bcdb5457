"""A frame under way: fed in, not yet answered."""

from __future__ import annotations

from dataclasses import dataclass

from laecips_bringup.answer import Answer
from laecips_bringup.answer import NO_ANSWER
from laecips_bringup.records import FrameRecord
from laecips_core.values import LabelMap


@dataclass
class FedFrame:
    """
    One frame of a run and what has come of it so far; see :class:`FrameRecord`.

    :param answer: of its report; None until that comes.
    """

    index: int
    stamp_ns: int
    task: int
    truth: LabelMap | None
    mask: LabelMap | None = None
    answer: Answer | None = None
    failed: str = ''
    failure: str = ''

    @property
    def settled(self) -> bool:
        """Whether nothing more is to come."""
        return bool(self.failed) or (self.mask is not None and self.answer is not None)

    def record(self) -> FrameRecord:
        """Give it as it stands."""
        facts = vars(self.answer or NO_ANSWER).copy()
        del facts['training_round']
        return FrameRecord(
            index=self.index,
            stamp_ns=self.stamp_ns,
            task=self.task,
            mask=self.mask,
            truth=self.truth,
            reported=self.answer is not None,
            failed=self.failed,
            failure=self.failure,
            **facts,
        )
