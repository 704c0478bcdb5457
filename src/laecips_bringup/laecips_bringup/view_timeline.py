"""The time line: which version ran when, which rounds trained, how the link was."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from laecips_bringup.replay_state import STARTED
from laecips_bringup.view_values import LinkNews
from laecips_bringup.view_values import RoundNews
from laecips_bringup.view_values import Span

RUN = 'run'
WEIGHTS = 'weights on the robot'
RELEASE = 'newest release'
TRAINING = 'training round'
LINK = 'link'
ROWS = (RUN, WEIGHTS, RELEASE, TRAINING, LINK)
"""Rows of the time line, from top to bottom."""
STATE_ROWS = (TRAINING, LINK)
"""Rows whose spans are of several kinds."""

FIRST = 'in use'
SWAP = 'swapped in'

_MAX_SPANS = 400
_VERSION_DIGITS = 6


class Timeline:
    """Spans in order; of each row one is open at most. Knows nothing of ROS."""

    def __init__(self, max_spans: int = _MAX_SPANS) -> None:
        """
        Start empty.

        :param max_spans: kept; the oldest go.
        """
        self._ended: deque[Span] = deque(maxlen=max_spans)
        self._open: dict[str, Span] = {}
        self._weights = ''
        self._release = ''
        self._any_round = False

    def spans(self) -> tuple[Span, ...]:
        """Give all, those that go on last."""
        return (*self._ended, *self._open.values())

    def begin_run(self, name: str, at_s: float) -> None:
        """
        Note that other nodes run from now on.

        :param name: of the run.
        :param at_s: when, in seconds.
        """
        for row in tuple(self._open):
            self._end(row, at_s)
        self._weights = self._release = ''
        self._any_round = False
        self._begin(Span(RUN, RUN, name, f'run {name}', at_s))

    def take_weights(self, version: str, at_s: float) -> None:
        """
        Note the version that the edge uses.

        :param version: content address.
        :param at_s: when it came.
        """
        if version == self._weights:
            return
        kind = SWAP if self._weights else FIRST
        self._weights = version
        label = version[:_VERSION_DIGITS]
        self._begin(Span(WEIGHTS, kind, label, f'version {version} {kind}', at_s))

    def take_release(self, version: str, at_s: float) -> None:
        """
        Note the version that the cloud announces.

        :param version: content address.
        :param at_s: when it came.
        """
        if version != self._release:
            self._release = version
            label = version[:_VERSION_DIGITS]
            self._begin(Span(RELEASE, 'announced', label, f'version {version} announced', at_s))

    def take_round(self, news: RoundNews, at_s: float) -> None:
        """
        Note the state of a training round.

        A round that had finished before the first news is of a time that nobody saw, and left out.

        :param news: the round.
        :param at_s: when it came.
        """
        first, self._any_round = not self._any_round, True
        label = f'{news.number}'
        text = f'round {news.number}: {news.state}, {news.samples} samples. {news.reason}'
        if news.state == STARTED:
            self._begin(Span(TRAINING, STARTED, label, text, at_s))
            return
        begun = self._open.pop(TRAINING, None)
        if begun is not None and begun.label == label:
            self._ended.append(replace(begun, kind=news.state, text=text, end_s=at_s))
        elif not first:
            start_s = max(at_s - news.duration_s, 0.0)
            self._ended.append(Span(TRAINING, news.state, label, text, start_s, at_s))

    def take_link(self, news: LinkNews, at_s: float) -> None:
        """
        Note how the link is.

        :param news: its state; said again every second or so.
        :param at_s: when it came.
        """
        now = self._open.get(LINK)
        if now is None or now.kind != news.state:
            text = f'link {news.state}: {news.reason}'
            self._begin(Span(LINK, news.state, news.state, text, at_s))

    def _begin(self, span: Span) -> None:
        self._end(span.row, span.start_s)
        self._open[span.row] = span

    def _end(self, row: str, at_s: float) -> None:
        span = self._open.pop(row, None)
        if span is not None:
            self._ended.append(replace(span, end_s=at_s))
