"""Log lines once a minute, on a clock of the test."""

from __future__ import annotations

import logging

import pytest

from laecips_bridge.seldom import Seldom


class Said:
    """A Seldom with its clock and what it let through."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        self.now_s = 1000.0
        logger = logging.getLogger('test_seldom')
        self.seldom = Seldom(logger, every_s=60.0, clock_s=lambda: self.now_s)

    @property
    def lines(self) -> list[str]:
        return self._caplog.messages


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Said:
    return Said(caplog)


def test_the_first_line_is_a_warning(said: Said, caplog: pytest.LogCaptureFixture) -> None:
    said.seldom.warn('lost 5 % of it')
    assert caplog.record_tuples == [('test_seldom', logging.WARNING, 'lost 5 % of it')]


def test_the_same_line_waits_for_its_minute(said: Said) -> None:
    said.seldom.warn('a')
    said.now_s += 59.9
    said.seldom.warn('a')
    assert said.lines == ['a']


def test_after_a_minute_it_comes_again(said: Said) -> None:
    said.seldom.warn('a')
    said.now_s += 60.0
    said.seldom.warn('a')
    assert said.lines == ['a', 'a']


def test_a_line_held_back_does_not_begin_the_minute_anew(said: Said) -> None:
    for _ in range(3):
        said.seldom.warn('a')
        said.now_s += 30.0
    assert said.lines == ['a', 'a']


def test_another_line_has_a_minute_of_its_own(said: Said) -> None:
    said.seldom.warn('a')
    said.seldom.warn('b')
    assert said.lines == ['a', 'b']


def test_lines_of_one_topic_are_the_same(said: Said) -> None:
    said.seldom.warn('try 1', 'tries')
    said.seldom.warn('try 2', 'tries')
    assert said.lines == ['try 1']


def test_what_it_remembers_is_bounded(said: Said) -> None:
    for number in range(10_000):
        said.seldom.warn(f'line {number}')
    assert len(said.seldom._said_s) <= 256
