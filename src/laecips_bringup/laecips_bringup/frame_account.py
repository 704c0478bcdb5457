"""What became of every frame of a run: answered, dropped or failed, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from laecips_bringup.edge_counters import FAILED
from laecips_bringup.edge_counters import OFFERED
from laecips_bringup.edge_counters import STOPPED
from laecips_bringup.edge_counters import SUPERSEDED
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_core.errors import LaecipsError
from laecips_core.values import Source

NOT_REPORTED = 'NOT_REPORTED'
"""Stands for the source of a mask whose report did not come."""

NO_MASK = 'mask_lost'
"""Why a frame was dropped whose report came alone."""

NOT_RECEIVED = 'not_received'
"""Why a frame was dropped that never reached the edge node."""

NOT_ANSWERED = 'not_answered'
"""Why a frame was dropped of which nothing is known but that no mask came."""

_DROPS = {SUPERSEDED: 'superseded', STOPPED: 'stopped'}


class AccountError(LaecipsError):
    """The parts of an account do not add up."""

    code = 'bad_account'


@dataclass(frozen=True)
class FrameAccount:
    """
    Counts that add up: every frame is in exactly one of answered, dropped and failed.

    :param total: frames of the stream.
    :param answered: frames with a mask, by who made it.
    :param fallbacks: those of EDGE_FALLBACK, by reason.
    :param dropped: frames without a mask that could have been used, by reason.
    :param failed: frames that could not be used, by the code of the error.
    """

    total: int
    answered: Mapping[str, int]
    fallbacks: Mapping[str, int]
    dropped: Mapping[str, int]
    failed: Mapping[str, int]

    def __post_init__(self) -> None:
        """Refuse counts that do not add up."""
        parts = sum(sum(part.values()) for part in (self.answered, self.dropped, self.failed))
        fallbacks = self.answered.get(Source.EDGE_FALLBACK.name, 0)
        counts = (parts, sum(self.fallbacks.values()))
        if counts != (self.total, fallbacks):
            expected = f'{self.total} frames, {fallbacks} of them fallbacks'
            raise AccountError(f'account: expected {expected}, got {counts[0]} and {counts[1]}')

    def lines(self) -> list[tuple[str, str, int]]:
        """Give outcome, reason and count of all that is not 0, in a fixed order."""
        fallback = Source.EDGE_FALLBACK.name
        answered = {who: n for who, n in self.answered.items() if who != fallback}
        answered |= {f'{fallback}: {why or "no reason"}': n for why, n in self.fallbacks.items()}
        parts = {'answered': answered, 'dropped': self.dropped, 'failed': self.failed}
        return [
            (outcome, why, count)
            for outcome, part in parts.items()
            for why, count in part.items()
            if count
        ]

    def facts(self) -> dict[str, object]:
        """Give it for ``metrics.json``."""
        return {
            'total': self.total,
            'answered': dict(self.answered),
            'fallback_reasons': dict(self.fallbacks),
            'dropped': dict(self.dropped),
            'failed': dict(self.failed),
        }


def account_of(run: RunRecord) -> FrameAccount:
    """
    Count the frames of a run.

    Frames that were dropped have no reason of their own: the edge's counters say how many were
    dropped for what. What they do not explain is NOT_ANSWERED.

    :param run: the run.
    """
    answered = [frame for frame in run.frames if frame.mask is not None]
    missing = [frame for frame in run.frames if frame.mask is None]
    failed = Counter(frame.failed for frame in missing if frame.failed)
    dropped = Counter({NO_MASK: sum(f.reported for f in missing if not f.failed)})
    reasons = _explained(sum(not f.failed and not f.reported for f in missing), run)
    for reason, count in reasons.items():
        code = reason.removeprefix(FAILED)
        (dropped if code == reason else failed)[code] += count
    fallbacks = [f.fallback_reason for f in answered if _source(f) == Source.EDGE_FALLBACK.name]
    sources = Counter(_source(frame) for frame in answered)
    return FrameAccount(
        total=len(run.frames),
        answered={name: sources[name] for name in (*(s.name for s in Source), NOT_REPORTED)},
        fallbacks=_sorted(Counter(fallbacks)),
        dropped=_sorted(dropped),
        failed=_sorted(failed),
    )


def format_accounts(runs: Sequence[RunRecord]) -> Table:
    """
    Lay the accounts of some runs out for the terminal.

    :param runs: the runs.
    """
    table = Table('method', 'frames', 'because', title='What became of every frame')
    table.add_column('count', justify='right')
    for run in runs:
        account = account_of(run)
        for outcome, why, count in account.lines():
            table.add_row(escape(run.method), outcome, escape(why), str(count))
        table.add_row(escape(run.method), 'total', '', str(account.total), end_section=True)
    return table


def _source(frame: FrameRecord) -> str:
    return frame.source.name if frame.reported else NOT_REPORTED


def _explained(count: int, run: RunRecord) -> dict[str, int]:
    """Share frames out to the reasons that were counted, never more than there are."""
    counted = run.edge_counts
    known = {name: n for name, n in sorted(counted.items()) if name.startswith(FAILED)}
    known |= {reason: counted.get(name, 0) for name, reason in _DROPS.items()}
    if OFFERED in counted:
        known[NOT_RECEIVED] = max(run.frames_fed - counted[OFFERED], 0)
    shares = {}
    for reason, n in known.items():
        shares[reason] = min(n, count)
        count -= shares[reason]
    return {**shares, NOT_ANSWERED: count}


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts) if counts[name]}
