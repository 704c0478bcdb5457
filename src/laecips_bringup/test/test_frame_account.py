from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from rich.console import Console

from laecips_bringup.frame_account import account_of
from laecips_bringup.frame_account import AccountError
from laecips_bringup.frame_account import format_accounts
from laecips_bringup.frame_account import FrameAccount
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_core.values import Source

MASK = np.zeros((2, 2), np.uint8)
EASY = FrameRecord(0, 1, 0, MASK, None, Source.EDGE, False, 0.9, 0.5, 'v', '', 0, 0, 0, 0, 0)
FUSED = replace(EASY, source=Source.FUSED, hard=True)
LATE = replace(FUSED, source=Source.EDGE_FALLBACK, fallback_reason='deadline')
LOST = replace(EASY, mask=None, reported=False)
FAILED = replace(LOST, failed='bad_image')


def a_run(*frames: FrameRecord, fed: int | None = None, **counts: int) -> RunRecord:
    named = {name.replace('__', '.'): count for name, count in counts.items()}
    fed = len(frames) if fed is None else fed
    return RunRecord('LAECIPS', fed, 0, frames=list(frames), edge_counts=named)


def test_answers_are_counted_by_source_and_reason() -> None:
    account = account_of(a_run(EASY, FUSED, FUSED, LATE))
    assert account.answered == {'EDGE': 1, 'FUSED': 2, 'EDGE_FALLBACK': 1, 'NOT_REPORTED': 0}
    assert account.fallbacks == {'deadline': 1}
    assert (account.total, account.dropped, account.failed) == (4, {}, {})


def test_failed_frames_are_counted_by_code() -> None:
    assert account_of(a_run(EASY, FAILED, FAILED)).failed == {'bad_image': 2}


def test_drops_have_the_reasons_that_the_edge_counted() -> None:
    run = a_run(EASY, *[LOST] * 6, offered=6, drops__superseded=2, failed__bad_image=1)
    account = account_of(run)
    assert account.dropped == {'not_answered': 2, 'not_received': 1, 'superseded': 2}
    assert account.failed == {'bad_image': 1}


def test_counters_never_explain_more_frames_than_there_are() -> None:
    run = a_run(EASY, LOST, offered=2, drops__superseded=9, failed__bad_image=9)
    account = account_of(run)
    assert (account.dropped, account.failed) == ({}, {'bad_image': 1})


def test_without_counters_no_reason_is_made_up() -> None:
    assert account_of(a_run(LOST, LOST)).dropped == {'not_answered': 2}


def test_frame_that_was_not_fed_in_was_not_lost_on_the_way() -> None:
    assert account_of(a_run(EASY, FAILED, LOST, fed=2, offered=2)).dropped == {'not_answered': 1}


def test_mask_or_report_that_came_alone_is_told_apart() -> None:
    alone = replace(EASY, mask=None)
    account = account_of(a_run(alone, replace(EASY, reported=False)))
    assert account.dropped == {'mask_lost': 1}
    assert account.answered['NOT_REPORTED'] == 1
    assert account.answered['EDGE'] == 0


def test_counts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(AccountError, match='expected 2 frames, 0 of them fallbacks, got 1 and 0'):
        FrameAccount(2, {'EDGE': 1}, {}, {}, {})
    with pytest.raises(AccountError, match='expected 1 frames, 1 of them fallbacks, got 1 and 0'):
        FrameAccount(1, {'EDGE_FALLBACK': 1}, {}, {}, {})


COUNTERS = st.dictionaries(
    st.sampled_from(
        ['offered', 'drops.superseded', 'drops.stopped', 'failed.bad_image', 'failed.unexpected']
    ),
    st.integers(0, 30),
)


@given(
    frames=st.lists(
        st.builds(
            replace,
            st.sampled_from([EASY, FUSED, LATE, LOST, FAILED]),
            reported=st.booleans(),
        ),
        max_size=20,
    ),
    fed=st.integers(0, 20),
    counters=COUNTERS,
)
def test_every_frame_is_in_exactly_one_count(
    frames: list[FrameRecord], fed: int, counters: dict[str, int]
) -> None:
    run = RunRecord('LAECIPS', fed, 0, frames=frames, edge_counts=counters)
    account = account_of(run)
    masks = sum(frame.mask is not None for frame in frames)
    assert sum(account.answered.values()) == masks
    assert sum(account.dropped.values()) + sum(account.failed.values()) == len(frames) - masks
    assert sum(count for _, _, count in account.lines()) == account.total == len(frames)
    assert all(count > 0 for _, _, count in account.lines())


def test_table_shows_every_count_and_the_total() -> None:
    console = Console(width=90, record=True, file=None, quiet=False)
    with console.capture() as shown:
        console.print(format_accounts([a_run(EASY, LATE, LOST, FAILED)]))
    rows = [line.split('│')[1:-1] for line in shown.get().splitlines() if line.startswith('│')]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ['LAECIPS', 'answered', 'EDGE', '1'],
        ['LAECIPS', 'answered', 'EDGE_FALLBACK: deadline', '1'],
        ['LAECIPS', 'dropped', 'not_answered', '1'],
        ['LAECIPS', 'failed', 'bad_image', '1'],
        ['LAECIPS', 'total', '', '4'],
    ]
