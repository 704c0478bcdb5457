"""The strip below the mIoU curve: uploads, weight swaps and rounds that were held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from laecips_bringup.figure_style import BLACK
from laecips_bringup.figure_style import method_colour
from laecips_bringup.figure_style import VERMILION
from laecips_bringup.frame_scores import sent
from laecips_bringup.frame_scores import version_starts
from laecips_bringup.records import RunRecord

_ROW_INCHES = {'weights': 0.75, 'uploads': 0.25}
_VERSION_DIGITS = 6
_LABEL_SHARE = 0.018
_HELD_BACK = (('REJECTED', 'x', VERMILION), ('FAILED', 's', BLACK))


@dataclass(frozen=True)
class _Row:
    kind: Literal['weights', 'uploads']
    run: RunRecord
    colour: str
    top: float

    @property
    def middle(self) -> float:
        return self.top + _ROW_INCHES[self.kind] / 2.0

    @property
    def label(self) -> str:
        return f'{self.run.method} {self.kind}'


def strip_height(runs: Sequence[RunRecord]) -> float:
    """
    Give the height that the strip needs.

    :param runs: the runs.
    :returns: inches; 0 when there is nothing to draw.
    """
    return sum(_ROW_INCHES[row.kind] for row in _rows(runs))


def draw_events(curve: Axes, strip: Axes, runs: Sequence[RunRecord]) -> list[Line2D]:
    """
    Draw the strip, and a line through the curve at each swap and each round held back.

    :param curve: axes of the mIoU curve.
    :param strip: axes of the strip, with the same x axis.
    :param runs: the runs.
    :returns: legend entries of what was drawn.
    """
    handles: dict[str, Line2D] = {}
    rows = _rows(runs)
    for row in rows:
        if row.kind == 'weights':
            handles |= _draw_swaps(curve, strip, row) | _draw_held_back(curve, strip, row)
        else:
            at = [frame.index for frame in row.run.frames if sent(frame)]
            strip.eventplot(
                at, lineoffsets=row.middle, linelengths=0.15, linewidths=1.0, colors=row.colour
            )
    strip.set_yticks([row.middle for row in rows], [row.label for row in rows])
    strip.set_ylim(strip_height(runs) or 1.0, 0.0)
    strip.tick_params(axis='y', length=0)
    strip.spines[['top', 'left', 'right']].set_visible(False)
    return list(handles.values())


def _rows(runs: Sequence[RunRecord]) -> list[_Row]:
    rows: list[_Row] = []
    top = 0.0
    for number, run in enumerate(runs):
        kinds: list[Literal['weights', 'uploads']] = []
        kinds += ['uploads'] if any(sent(frame) for frame in run.frames) else []
        kinds += ['weights'] if run.rounds else []
        for kind in kinds:
            rows.append(_Row(kind, run, method_colour(run.method, number), top))
            top += _ROW_INCHES[kind]
    return rows


def _draw_swaps(curve: Axes, strip: Axes, row: _Row) -> dict[str, Line2D]:
    swaps = version_starts(row.run)
    last_label = float('-inf')
    for index, version in swaps:
        curve.axvline(index, color=row.colour, linewidth=0.9, alpha=0.6, zorder=1)
        if index - last_label >= _LABEL_SHARE * len(row.run.frames):
            last_label = index
            strip.annotate(
                version[:_VERSION_DIGITS],
                (index, row.top + 0.18),
                (0, -5),
                ha='center',
                va='top',
                rotation=90,
                fontsize=7,
                textcoords='offset points',
            )
    at = [index for index, _ in swaps]
    return _marks(strip, row, at, '^', row.colour, f'{row.run.method} swaps weights')


def _draw_held_back(curve: Axes, strip: Axes, row: _Row) -> dict[str, Line2D]:
    handles: dict[str, Line2D] = {}
    for state, marker, colour in _HELD_BACK:
        at = [done.after_frame for done in row.run.rounds if done.state == state]
        for index in at:
            curve.axvline(index, color=colour, linewidth=0.9, linestyle=':', zorder=1)
        handles |= _marks(strip, row, at, marker, colour, f'round {state.lower()}')
    return handles


def _marks(
    strip: Axes, row: _Row, at: Sequence[int], marker: str, colour: str, label: str
) -> dict[str, Line2D]:
    if not at:
        return {}
    heights = [row.top + 0.12] * len(at)
    (line,) = strip.plot(
        at, heights, linestyle='', marker=marker, color=colour, markersize=6, label=label
    )
    return {label: line}
