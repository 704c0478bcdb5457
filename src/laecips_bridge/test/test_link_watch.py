"""Tests of the link's state: one for each transition, by exact times."""

from __future__ import annotations

import pytest

from laecips_bridge.link_watch import LinkBounds
from laecips_bridge.link_watch import LinkFacts
from laecips_bridge.link_watch import LinkLevel
from laecips_bridge.link_watch import LinkWatch
from laecips_msgs.msg import LinkState

BOUNDS = LinkBounds(
    down_after_s=3.0,
    degraded_rtt_s=0.5,
    degraded_missing_ratio=0.3,
    window_beats=10,
    rtt_weight=0.5,
)
GOOD = 'heartbeats are answered'


def make_up(now_s: float = 0.0) -> LinkWatch:
    """Give a link that is up since ``now_s``, by beat 0."""
    watch = LinkWatch(BOUNDS)
    watch.session_opened(now_s - 0.25)
    watch.beat_sent(0, now_s - 0.25)
    watch.beat_answered(0, now_s)
    return watch


def beats(watch: LinkWatch, numbers: range, rtt_s: float = 0.25) -> None:
    """Send and answer beats, beat n at second n."""
    for number in numbers:
        watch.beat_sent(number, float(number))
        watch.beat_answered(number, number + rtt_s)


def test_the_levels_are_those_of_the_message() -> None:
    assert {level.name: int(level) for level in LinkLevel} == {
        'DOWN': LinkState.DOWN,
        'DEGRADED': LinkState.DEGRADED,
        'UP': LinkState.UP,
    }


def test_it_starts_down() -> None:
    watch = LinkWatch(BOUNDS, 7.0)
    assert watch.state(9.0) == LinkFacts(LinkLevel.DOWN, 'never connected', 0.0, 7.0)


def test_a_try_that_failed_says_why_it_is_down() -> None:
    watch = LinkWatch(BOUNDS, 7.0)
    watch.session_lost('refused', 8.0)
    assert watch.state(9.0) == LinkFacts(LinkLevel.DOWN, 'refused', 0.0, 7.0)


def test_a_session_alone_is_not_up() -> None:
    watch = LinkWatch(BOUNDS)
    watch.session_opened(1.0)
    watch.beat_sent(1, 1.0)
    reason = 'connected, no heartbeat answered yet'
    assert watch.state(1.25) == LinkFacts(LinkLevel.DOWN, reason, 0.0, 0.0)


def test_one_answer_makes_it_up() -> None:
    watch = LinkWatch(BOUNDS)
    watch.session_opened(1.0)
    watch.beat_sent(1, 1.5)
    watch.beat_answered(1, 1.75)
    assert watch.state(2.0) == LinkFacts(LinkLevel.UP, GOOD, 0.25, 1.75)


def test_an_answer_without_a_session_counts_for_nothing() -> None:
    watch = LinkWatch(BOUNDS)
    watch.beat_sent(1, 1.0)
    watch.beat_answered(1, 1.25)
    assert watch.state(1.5).level is LinkLevel.DOWN


def test_silence_makes_it_down_from_the_exact_time_on() -> None:
    watch = make_up(10.0)
    watch.beat_sent(1, 10.0)
    assert watch.state(12.875) == LinkFacts(LinkLevel.UP, GOOD, 0.25, 10.0)
    silent = LinkFacts(LinkLevel.DOWN, 'no heartbeat answered for 3 s', 0.25, 13.0)
    assert watch.state(13.0) == silent
    assert watch.state(20.0) == silent


def test_a_session_that_breaks_makes_it_down_at_once() -> None:
    watch = make_up(10.0)
    watch.session_lost('closed by the other side', 10.5)
    facts = LinkFacts(LinkLevel.DOWN, 'closed by the other side', 0.25, 10.5)
    assert watch.state(11.0) == facts


def test_a_break_in_the_silence_leaves_the_time_it_went_down() -> None:
    watch = make_up(10.0)
    watch.session_lost('lease expired', 15.0)
    assert watch.state(16.0) == LinkFacts(LinkLevel.DOWN, 'lease expired', 0.25, 13.0)


def test_a_new_session_needs_an_answer_of_its_own() -> None:
    watch = make_up(10.0)
    watch.beat_sent(1, 10.0)
    watch.session_lost('cut', 10.5)
    watch.session_opened(11.0)
    watch.beat_answered(1, 11.25)
    assert watch.state(11.25).level is LinkLevel.DOWN
    watch.beat_sent(2, 11.5)
    watch.beat_answered(2, 11.625)
    assert watch.state(12.0) == LinkFacts(LinkLevel.UP, GOOD, 0.125, 11.625)


def test_one_answer_after_a_cut_makes_it_up_whatever_was_missing() -> None:
    watch = make_up()
    for number in range(1, 31):
        watch.beat_sent(number, float(number))
    assert watch.state(30.0).since_s == 3.0
    watch.beat_answered(30, 30.25)
    assert watch.state(30.25) == LinkFacts(LinkLevel.UP, GOOD, 0.25, 30.25)


def test_an_answer_later_than_the_silence_is_none() -> None:
    watch = make_up()
    watch.beat_sent(1, 1.0)
    watch.beat_answered(1, 4.125)
    assert watch.state(4.125).level is LinkLevel.DOWN
    watch.beat_sent(2, 5.0)
    watch.beat_answered(2, 8.0)
    assert watch.state(8.0).rtt_s == 3.0


@pytest.mark.parametrize('number', [1, 99, -5])
def test_an_answer_that_is_a_repeat_or_unknown_changes_nothing(number: int) -> None:
    watch = make_up()
    watch.beat_sent(1, 1.0)
    watch.beat_answered(1, 1.25)
    watch.beat_answered(number, 3.0)
    assert watch.state(3.0) == LinkFacts(LinkLevel.UP, GOOD, 0.25, 0.0)
    assert watch.state(4.25).level is LinkLevel.DOWN


def test_a_slow_round_trip_makes_it_degraded() -> None:
    watch = make_up()
    watch.beat_sent(1, 1.0)
    watch.beat_answered(1, 1.75)
    # Smoothed: 0.25 + 0.5 x (0.75 - 0.25) = 0.5, which is not above the bound.
    assert watch.state(1.75) == LinkFacts(LinkLevel.UP, GOOD, 0.75, 0.0)
    watch.beat_sent(2, 2.0)
    watch.beat_answered(2, 2.75)
    facts = LinkFacts(LinkLevel.DEGRADED, 'round trip 0.625 s', 0.75, 2.75)
    assert watch.state(3.0) == facts


def test_fast_round_trips_make_it_up_again() -> None:
    watch = make_up()
    watch.beat_sent(1, 1.0)
    watch.beat_answered(1, 2.25)
    assert watch.state(2.25).level is LinkLevel.DEGRADED
    watch.beat_sent(2, 3.0)
    watch.beat_answered(2, 3.25)
    assert watch.state(3.25) == LinkFacts(LinkLevel.UP, GOOD, 0.25, 3.25)


def test_a_slow_first_answer_makes_it_degraded_not_up() -> None:
    watch = LinkWatch(BOUNDS)
    watch.session_opened(0.0)
    watch.beat_sent(1, 0.0)
    watch.beat_answered(1, 0.75)
    facts = LinkFacts(LinkLevel.DEGRADED, 'round trip 0.750 s', 0.75, 0.75)
    assert watch.state(1.0) == facts


def test_missing_answers_make_it_degraded() -> None:
    watch = make_up()
    for number in range(1, 13):
        watch.beat_sent(number, float(number))
        if number not in (7, 9, 11):
            watch.beat_answered(number, number + 0.25)
    assert watch.state(12.75) == LinkFacts(LinkLevel.UP, GOOD, 0.25, 0.0)
    watch.beat_sent(13, 13.0)
    assert watch.state(13.5).level is LinkLevel.UP
    reason = '4 of the last 10 heartbeats not answered'
    assert watch.state(13.625) == LinkFacts(LinkLevel.DEGRADED, reason, 0.25, 13.625)
    watch.beat_answered(13, 13.75)
    assert watch.state(13.75) == LinkFacts(LinkLevel.UP, GOOD, 0.75, 13.75)


def test_missing_answers_that_are_long_ago_make_it_up_again() -> None:
    watch = make_up()
    for number in range(1, 13):
        watch.beat_sent(number, float(number))
        if number % 2 == 0:
            watch.beat_answered(number, number + 0.25)
    beats(watch, range(13, 15))
    assert watch.state(14.25).reason == '4 of the last 10 heartbeats not answered'
    beats(watch, range(15, 16))
    assert watch.state(15.25) == LinkFacts(LinkLevel.UP, GOOD, 0.25, 15.25)


def test_a_degraded_link_that_falls_silent_is_down() -> None:
    watch = make_up()
    watch.beat_sent(1, 1.0)
    watch.beat_answered(1, 3.0)
    assert watch.state(5.875).level is LinkLevel.DEGRADED
    assert watch.state(9.0).level is LinkLevel.DOWN
    assert watch.state(9.0).since_s == 6.0


def test_other_bounds_judge_the_same_beats() -> None:
    watch = make_up()
    assert watch.state(1.0).level is LinkLevel.UP
    watch.configure(LinkBounds(down_after_s=BOUNDS.down_after_s, degraded_rtt_s=0.1))
    assert watch.state(1.0).level is LinkLevel.DEGRADED
