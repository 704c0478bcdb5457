"""How every figure of the report looks: size, colours, encoding."""

from __future__ import annotations

from collections.abc import Sequence
import io

from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DOTS_PER_INCH = 150
WIDTH_INCHES = 9.0

# Okabe and Ito's palette, told apart by colour-blind readers: https://jfly.uni-koeln.de/color/
BLUE = '#0072B2'
ORANGE = '#E69F00'
GREEN = '#009E73'
PURPLE = '#CC79A7'
VERMILION = '#D55E00'
SKY = '#56B4E9'
BLACK = '#000000'
GREY = '#555555'

_METHOD_COLOURS = {'EDGE': ORANGE, 'CLOUD': BLUE, 'LAECIPS': GREEN, 'DCSB': PURPLE}
_OTHER_COLOURS = (SKY, BLACK, VERMILION)
_LEGEND_COLUMNS = 6
_METHOD_LINES = {'EDGE': '--', 'CLOUD': '-.', 'DCSB': ':'}


def method_colour(method: str, number: int) -> str:
    """
    Give a method's colour, the same in every figure.

    :param method: name of the method.
    :param number: its position among the runs; chooses a colour for unknown names.
    """
    return _METHOD_COLOURS.get(method, _OTHER_COLOURS[number % len(_OTHER_COLOURS)])


def method_line(method: str) -> str:
    """
    Give a method's line style, so that no figure needs colour alone.

    :param method: name of the method.
    """
    return _METHOD_LINES.get(method, '-')


def new_figure(height_inches: float) -> Figure:
    """
    Start a figure of the report's width.

    :param height_inches: its height in inches.
    """
    figure = Figure((WIDTH_INCHES, height_inches), dpi=DOTS_PER_INCH, layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def add_legend(
    figure: Figure, handles: Sequence[Artist], most_columns: int = _LEGEND_COLUMNS
) -> None:
    """
    Put a legend above everything drawn.

    :param figure: the figure.
    :param handles: labelled artists, at least one.
    :param most_columns: entries beside each other, at most.
    """
    columns = min(len(handles), most_columns)
    figure.legend(handles=handles, loc='outside upper center', ncols=columns, frameon=False)


def png_of(figure: Figure) -> bytes:
    """
    Draw a figure.

    :param figure: the figure.
    :returns: PNG bytes.
    """
    buffer = io.BytesIO()
    # The writer's own version note would make equal figures differ between machines.
    figure.savefig(buffer, format='png', metadata={'Software': None})
    return buffer.getvalue()
