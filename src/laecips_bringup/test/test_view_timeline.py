from __future__ import annotations

from laecips_bringup.view_timeline import LINK
from laecips_bringup.view_timeline import Timeline
from laecips_bringup.view_timeline import TRAINING
from laecips_bringup.view_values import LinkNews
from laecips_bringup.view_values import RoundNews
from laecips_bringup.view_values import Span

Bar = tuple[str, str, float, float | None]


def bars(timeline: Timeline, row: str) -> list[Bar]:
    return [
        (span.kind, span.label, span.start_s, span.end_s)
        for span in timeline.spans()
        if span.row == row
    ]


def news(number: int, state: str, duration_s: float = 0.0) -> RoundNews:
    return RoundNews(number, state, 'v2', 'why', 4, duration_s)


def test_first_version_is_in_use_and_others_are_swapped_in() -> None:
    timeline = Timeline()
    for at_s, version in [(1.0, '0123456789ab'), (2.0, '0123456789ab'), (3.0, 'fedcba987654')]:
        timeline.take_weights(version, at_s)
    assert bars(timeline, 'weights on the robot') == [
        ('in use', '012345', 1.0, 3.0),
        ('swapped in', 'fedcba', 3.0, None),
    ]


def test_release_holds_until_the_next() -> None:
    timeline = Timeline()
    for at_s, version in [(1.0, 'v1'), (2.0, 'v1'), (3.0, 'v2')]:
        timeline.take_release(version, at_s)
    assert bars(timeline, 'newest release') == [
        ('announced', 'v1', 1.0, 3.0),
        ('announced', 'v2', 3.0, None),
    ]


def test_round_lasts_from_its_start_to_its_end() -> None:
    timeline = Timeline()
    timeline.take_round(news(1, 'STARTED'), 1.0)
    assert bars(timeline, TRAINING) == [('STARTED', '1', 1.0, None)]
    timeline.take_round(news(1, 'REJECTED'), 4.0)
    assert bars(timeline, TRAINING) == [('REJECTED', '1', 1.0, 4.0)]
    assert timeline.spans()[-1].text == 'round 1: REJECTED, 4 samples. why'


def test_round_whose_start_was_missed_is_placed_by_its_duration() -> None:
    timeline = Timeline()
    timeline.take_round(news(1, 'STARTED'), 1.0)
    timeline.take_round(news(1, 'RELEASED'), 2.0)
    timeline.take_round(news(2, 'ROLLED_BACK', duration_s=3.0), 10.0)
    timeline.take_round(news(3, 'FAILED', duration_s=30.0), 20.0)
    assert bars(timeline, TRAINING)[1:] == [
        ('ROLLED_BACK', '2', 7.0, 10.0),
        ('FAILED', '3', 0.0, 20.0),
    ]


def test_round_that_ended_before_anyone_looked_is_left_out() -> None:
    timeline = Timeline()
    timeline.take_round(news(5, 'RELEASED', duration_s=3.0), 1.0)
    assert timeline.spans() == ()


def test_state_of_a_newer_version_ends_a_round_too() -> None:
    timeline = Timeline()
    timeline.take_round(news(1, 'STARTED'), 1.0)
    timeline.take_round(news(1, 'unknown (7)'), 2.0)
    assert bars(timeline, TRAINING) == [('unknown (7)', '1', 1.0, 2.0)]


def test_link_state_that_is_said_again_is_one_bar() -> None:
    timeline = Timeline()
    for at_s, state in [(1.0, 'UP'), (2.0, 'UP'), (3.0, 'DOWN'), (4.0, 'UP')]:
        timeline.take_link(LinkNews(state, ''), at_s)
    assert bars(timeline, LINK) == [
        ('UP', 'UP', 1.0, 3.0),
        ('DOWN', 'DOWN', 3.0, 4.0),
        ('UP', 'UP', 4.0, None),
    ]


def test_a_run_ends_what_the_run_before_left_open() -> None:
    timeline = Timeline()
    timeline.begin_run('EDGE', 0.0)
    timeline.take_weights('v1', 1.0)
    timeline.take_round(news(1, 'STARTED'), 2.0)
    timeline.begin_run('LAECIPS', 5.0)
    timeline.take_weights('v0', 6.0)
    timeline.take_round(news(1, 'RELEASED'), 7.0)
    assert timeline.spans()[-2:] == (
        Span('run', 'run', 'LAECIPS', 'run LAECIPS', 5.0),
        Span('weights on the robot', 'in use', 'v0', 'version v0 in use', 6.0),
    )
    assert bars(timeline, TRAINING) == [('STARTED', '1', 2.0, 5.0)]


def test_the_oldest_spans_go() -> None:
    timeline = Timeline(max_spans=3)
    for number in range(10):
        timeline.take_release(f'v{number}', float(number))
    assert [span.label for span in timeline.spans()] == ['v6', 'v7', 'v8', 'v9']
