"""Colour, line, marker and hatch of methods and miners: never colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from laecips_bringup.figure_style import BLACK
from laecips_bringup.figure_style import BLUE
from laecips_bringup.figure_style import GREEN
from laecips_bringup.figure_style import GREY
from laecips_bringup.figure_style import ORANGE
from laecips_bringup.figure_style import PURPLE
from laecips_bringup.figure_style import SKY
from laecips_bringup.figure_style import VERMILION
from laecips_bringup.figure_style import WIDTH_INCHES

# At the default size; a legend entry has its handle and gaps beside the text.
_LETTER_INCHES = 0.085
_HANDLE_INCHES = 0.65


@dataclass(frozen=True)
class MethodStyle:
    """
    How a method is drawn.

    :param colour: of Okabe and Ito's palette.
    :param line: matplotlib's line style.
    :param marker: matplotlib's marker.
    :param hatch: matplotlib's hatch, for bars.
    """

    colour: str
    line: str
    marker: str
    hatch: str


_KNOWN = {
    'EDGE': MethodStyle(ORANGE, '--', 's', '//'),
    'CLOUD': MethodStyle(BLUE, '-.', 'D', '\\\\'),
    'DCSB': MethodStyle(PURPLE, ':', '^', '..'),
    'LAECIPS': MethodStyle(GREEN, '-', 'o', ''),
    'PAPER': MethodStyle(VERMILION, '--', 'v', 'xx'),
    'PAPER, NO GATE': MethodStyle(BLACK, ':', 'X', '++'),
    'MESS': MethodStyle(BLACK, '-.', 'v', 'xx'),
    'SM': MethodStyle(VERMILION, '--', 'P', '++'),
    'SPP': MethodStyle(SKY, '-', 'X', '--'),
    'BENEFIT': MethodStyle(PURPLE, '-', 'p', 'oo'),
    'LEARNED': MethodStyle(GREEN, '-', 'o', ''),
    'RANDOM': MethodStyle(GREY, '--', '.', '||'),
    'CEILING': MethodStyle(BLACK, '-', '*', ''),
}
_OTHERS = (
    MethodStyle(SKY, '-', 'h', '--'),
    MethodStyle(VERMILION, '--', '<', 'xx'),
    MethodStyle(BLACK, '-.', '>', '++'),
    MethodStyle(BLUE, ':', 'd', 'oo'),
    MethodStyle(ORANGE, '-', 'H', '||'),
    MethodStyle(PURPLE, '-.', '8', '**'),
)


def method_styles(names: Sequence[str]) -> dict[str, MethodStyle]:
    """
    Give every name of a figure a look of its own.

    :param names: methods or miners; case does not matter for known ones, which look the same in
        every figure.
    :returns: by name, in order. The others take in turn what no known name of this figure has.
    """
    taken = {_KNOWN[name.upper()].colour for name in names if name.upper() in _KNOWN}
    free = [style for style in _OTHERS if style.colour not in taken] or list(_OTHERS)
    styles: dict[str, MethodStyle] = {}
    others = 0
    for name in names:
        if name.upper() in _KNOWN:
            styles[name] = _KNOWN[name.upper()]
        elif name not in styles:
            styles[name] = free[others % len(free)]
            others += 1
    return styles


def legend_columns(labels: Sequence[str]) -> int:
    """
    Say how many legend entries fit beside each other, in rows of like length.

    :param labels: texts of the entries, at least one.
    """
    widest = _HANDLE_INCHES + _LETTER_INCHES * max(len(label) for label in labels)
    fitting = max(int(WIDTH_INCHES / widest), 1)
    return math.ceil(len(labels) / math.ceil(len(labels) / fitting))
