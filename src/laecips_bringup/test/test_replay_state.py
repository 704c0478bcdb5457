from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from laecips_bringup.answer import Answer
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RoundRecord
from laecips_bringup.replay_state import ReplayState
from laecips_core.values import Source

TRUTH = np.ones((2, 3), np.uint8)
MASK = np.full((2, 3), 4, np.uint8)
ANSWER = Answer(
    source=Source.FUSED,
    hard=True,
    confidence=0.25,
    threshold=0.5,
    weights_version='v1',
    fallback_reason='',
    latency_s=0.3,
    edge_s=0.1,
    cloud_s=0.2,
    bytes_up=1000,
    bytes_down=50,
    training_round=0,
)


def a_round(number: int, state: str, version: str = 'v1') -> RoundRecord:
    return RoundRecord(number, state, version, 'because', 4, 1.5, after_frame=0)


@pytest.fixture
def told() -> list[FrameRecord]:
    return []


@pytest.fixture
def state(told: list[FrameRecord]) -> ReplayState:
    state = ReplayState('LAECIPS', told.append)
    state.take_edge_version('v1', 700)
    return state


def feed(state: ReplayState, stamp_ns: int, task: int = 0) -> None:
    state.feed(stamp_ns, task, TRUTH)


def answer(state: ReplayState, stamp_ns: int, training_round: int = 0) -> None:
    state.take_mask(stamp_ns, MASK)
    state.take_report(stamp_ns, replace(ANSWER, training_round=training_round))


def test_masks_and_reports_find_their_frames_in_any_order(
    state: ReplayState, told: list[FrameRecord]
) -> None:
    feed(state, 10)
    feed(state, 20, task=1)
    state.take_report(20, replace(ANSWER, source=Source.EDGE, hard=False))
    state.take_mask(10, MASK)
    assert told == []
    state.take_report(10, ANSWER)
    state.take_mask(20, MASK + 1)
    assert [record.index for record in told] == [0, 1]
    first, second = state.run_record().frames
    assert (first.stamp_ns, first.source, first.bytes_up, first.task) == (
        10,
        Source.FUSED,
        1000,
        0,
    )
    assert (second.stamp_ns, second.source, second.hard, second.task) == (
        20,
        Source.EDGE,
        False,
        1,
    )
    assert first.mask is MASK
    assert first.truth is TRUTH


def test_unanswered_names_what_has_not_come(state: ReplayState) -> None:
    feed(state, 10)
    assert state.unanswered(10) == 'mask and report'
    state.take_mask(10, MASK)
    assert state.unanswered(10) == 'report'
    state.take_report(10, ANSWER)
    assert state.unanswered(10) == ''
    assert state.all_explained


def test_second_mask_is_counted_but_changes_nothing(
    state: ReplayState, told: list[FrameRecord]
) -> None:
    feed(state, 10)
    answer(state, 10)
    answer(state, 10)
    run = state.run_record()
    assert (run.frames_fed, run.masks_received) == (1, 2)
    assert len(told) == 1


def test_mask_of_a_stranger_is_counted_too(state: ReplayState) -> None:
    feed(state, 10)
    state.take_mask(11, MASK)
    state.take_report(11, ANSWER)
    run = state.run_record()
    assert (run.masks_received, run.frames[0].mask) == (1, None)


def test_frame_without_an_answer_is_in_the_record(state: ReplayState) -> None:
    feed(state, 10)
    (record,) = state.run_record().frames
    assert (record.mask, record.hard, record.bytes_up, record.latency_s) == (None, False, 0, 0.0)
    assert not state.all_explained


def test_lockstep_goes_on_at_once_without_training(state: ReplayState) -> None:
    feed(state, 10)
    answer(state, 10)
    assert state.unsettled(10) == ''


def test_lockstep_waits_for_the_round_that_a_frame_started(state: ReplayState) -> None:
    feed(state, 10)
    answer(state, 10, training_round=1)
    assert state.unsettled(10) == 'the end of training round 1'
    state.take_round(a_round(1, 'STARTED'))
    assert state.unsettled(10) == 'the end of training round 1'
    state.take_round(a_round(1, 'REJECTED'))
    assert state.unsettled(10) == ''


@pytest.mark.parametrize('state_name', ['REJECTED', 'FAILED'])
def test_lockstep_goes_on_when_no_version_came_of_a_round(
    state: ReplayState, state_name: str
) -> None:
    feed(state, 10)
    answer(state, 10, training_round=1)
    state.take_round(a_round(1, state_name, version='v0'))
    assert state.unsettled(10) == ''


def test_lockstep_waits_for_the_released_version_on_the_edge(state: ReplayState) -> None:
    feed(state, 10)
    answer(state, 10, training_round=1)
    state.take_round(a_round(1, 'RELEASED', 'v2'))
    assert state.unsettled(10) == 'version v2 on the edge'
    state.take_edge_version('v2', 700)
    assert state.unsettled(10) == ''


def test_lockstep_waits_for_the_version_a_rollback_goes_back_to(state: ReplayState) -> None:
    feed(state, 10)
    state.take_round(a_round(1, 'RELEASED', 'v2'))
    state.take_edge_version('v2', 700)
    feed(state, 20)
    answer(state, 20, training_round=2)
    assert state.unsettled(20) == 'the end of training round 2'
    state.take_round(a_round(2, 'ROLLED_BACK', 'v1'))
    assert state.unsettled(20) == 'version v1 on the edge'
    state.take_edge_version('v1', 700)
    assert state.unsettled(20) == ''
    assert state.run_record().update_bytes == 1400


def test_rollback_is_recorded_as_a_round_of_its_own(state: ReplayState) -> None:
    feed(state, 10)
    state.take_round(a_round(1, 'RELEASED', 'v2'))
    state.take_round(a_round(2, 'ROLLED_BACK', 'v1'))
    assert [(r.number, r.state, r.version) for r in state.run_record().rounds] == [
        (1, 'RELEASED', 'v2'),
        (2, 'ROLLED_BACK', 'v1'),
    ]


def test_rejected_round_after_a_release_waits_for_nothing(state: ReplayState) -> None:
    feed(state, 10)
    state.take_round(a_round(1, 'RELEASED', 'v2'))
    state.take_edge_version('v2', 700)
    state.take_round(a_round(2, 'REJECTED', 'v2'))
    answer(state, 10, training_round=2)
    assert state.unsettled(10) == ''


def test_round_already_seen_is_not_waited_for(state: ReplayState) -> None:
    feed(state, 10)
    state.take_round(a_round(2, 'REJECTED'))
    answer(state, 10, training_round=1)
    assert state.unsettled(10) == ''


def test_rounds_are_recorded_once_with_the_last_frame_fed(state: ReplayState) -> None:
    feed(state, 10)
    state.take_round(a_round(1, 'STARTED'))
    feed(state, 20)
    state.take_round(a_round(1, 'RELEASED', 'v2'))
    state.take_round(a_round(1, 'RELEASED', 'v2'))
    (record,) = state.run_record().rounds
    assert record == RoundRecord(1, 'RELEASED', 'v2', 'because', 4, 1.5, after_frame=1)


def test_round_of_an_earlier_run_is_not_recorded(state: ReplayState) -> None:
    state.take_round(a_round(3, 'RELEASED', 'v9'))
    feed(state, 10)
    answer(state, 10, training_round=3)
    assert state.unsettled(10) == ''
    assert state.run_record().rounds == []


def test_update_bytes_leave_out_the_version_at_the_start(state: ReplayState) -> None:
    assert state.run_record().update_bytes == 0
    state.take_edge_version('v1', 700)
    state.take_edge_version('v2', 600)
    state.take_edge_version('v1', 700)
    assert state.run_record().update_bytes == 1300


def test_edge_is_outdated_until_it_has_the_version_of_the_cloud(state: ReplayState) -> None:
    state.cloud_version = 'v2'
    assert state.outdated == 'version v2 of the cloud on the edge'
    state.take_edge_version('v2', 700)
    assert state.outdated == ''


def test_frame_that_cannot_be_read_is_in_the_record_and_not_fed(
    state: ReplayState, told: list[FrameRecord]
) -> None:
    feed(state, 10)
    state.skip(10, 1, 'bad_image', 'image step: expected 3, got 2')
    run = state.run_record()
    assert (state.frames, run.frames_fed) == (2, 1)
    assert [(f.index, f.stamp_ns, f.failed) for f in run.frames] == [
        (0, 10, ''),
        (1, 10, 'bad_image'),
    ]
    assert told == [run.frames[1]]


def test_failure_that_the_edge_counted_is_the_frame_s_that_is_under_way(
    state: ReplayState,
) -> None:
    state.take_counters({'failed.bad_image': 2})
    feed(state, 10)
    assert state.blame(10) == ''
    state.take_counters({'failed.bad_image': 3})
    assert state.blame(10) == 'bad_image'
    assert (state.unanswered(10), state.blame(10)) == ('', '')
    feed(state, 20)
    assert state.blame(20) == ''
    assert state.unanswered(20) == 'mask and report'


def test_failure_is_not_blamed_on_an_answered_frame(state: ReplayState) -> None:
    state.take_counters({})
    feed(state, 10)
    answer(state, 10)
    state.take_counters({'failed.bad_image': 1})
    assert state.blame(10) == ''
    assert state.run_record().edge_counts == {'failed.bad_image': 1}


def test_failures_in_the_record_are_not_counted_again(state: ReplayState) -> None:
    state.take_counters({})
    feed(state, 10)
    state.take_counters({'failed.bad_image': 1, 'offered': 1})
    state.blame(10)
    assert state.run_record().edge_counts == {'offered': 1}
    assert state.all_explained


def test_all_is_explained_when_the_edge_counted_as_many_as_are_missing(
    state: ReplayState,
) -> None:
    state.take_counters({})
    feed(state, 10)
    feed(state, 20)
    answer(state, 10)
    assert not state.all_explained
    state.take_counters({'offered': 2, 'drops.superseded': 1})
    assert state.all_explained
