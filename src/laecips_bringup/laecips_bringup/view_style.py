"""How the live page looks: colours, letters, the figures' common form."""

from __future__ import annotations

from bokeh.models import Range1d
from bokeh.plotting import figure

from laecips_bringup.figure_style import BLACK
from laecips_bringup.figure_style import BLUE
from laecips_bringup.figure_style import GREEN
from laecips_bringup.figure_style import GREY
from laecips_bringup.figure_style import ORANGE
from laecips_bringup.figure_style import PURPLE
from laecips_bringup.figure_style import SKY
from laecips_bringup.figure_style import VERMILION

# Letters that are on the reader's machine: nothing is loaded from elsewhere.
LETTERS = 'Helvetica, Arial, sans-serif'
_PALE = '#d9d9d9'

SOURCE_COLOURS = {'EDGE': ORANGE, 'FUSED': GREEN, 'EDGE_FALLBACK': VERMILION}
KIND_COLOURS = {
    'run': _PALE,
    'in use': SKY,
    'swapped in': SKY,
    'announced': _PALE,
    'STARTED': ORANGE,
    'RELEASED': GREEN,
    'REJECTED': VERMILION,
    'FAILED': BLACK,
    'ROLLED_BACK': PURPLE,
    'UP': GREEN,
    'DEGRADED': ORANGE,
    'DOWN': VERMILION,
}
UNKNOWN_COLOUR = GREY
CURVE_COLOUR = BLUE
SWAP_COLOUR = BLUE

PAGE_CSS = f"""
:host, body {{ font-family: {LETTERS}; color: #222; }}
body {{ margin: 0; background: #fff; }}
"""
TEXT_CSS = f"""
:host {{ font-family: {LETTERS}; font-size: 15px; color: #222; }}
h1 {{ font-size: 22px; line-height: 1.2; margin: 0; font-weight: 600; }}
h1 small {{ font-size: 14px; font-weight: 400; color: #555; margin-left: 10px; }}
.status {{ display: flex; flex-wrap: wrap; gap: 4px 22px; padding: 2px 0; }}
.cell {{ white-space: nowrap; font-variant-numeric: tabular-nums; }}
.name {{ color: #666; }}
.legend {{ display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 2px 0; }}
.class {{ white-space: nowrap; }}
.class i {{ display: inline-block; width: 14px; height: 14px; margin-right: 5px;
  vertical-align: -2px; border: 1px solid #888; }}
.edge {{ color: #9a6a00; }} .fused, .good {{ color: #00734f; }}
.fallback, .bad {{ color: #b34700; }} .fair, .unknown {{ color: #9a6a00; }}
"""


def plot(title: str, time_range: Range1d, height_px: int, **more: object) -> figure:
    """
    Start a figure over the common time axis.

    :param title: above it.
    :param time_range: seconds since the page's start, shared by all.
    :param height_px: of all of it.
    :param more: further settings of the figure.
    """
    made = figure(
        title=title,
        x_range=time_range,
        height=height_px,
        sizing_mode='stretch_width',
        tools='',
        toolbar_location=None,
        **more,
    )
    made.title.text_font = LETTERS
    made.title.text_font_size = '15px'
    made.title.text_font_style = 'normal'
    for axis in made.axis:
        axis.major_label_text_font = axis.axis_label_text_font = LETTERS
        axis.major_label_text_font_size = axis.axis_label_text_font_size = '13px'
        axis.axis_label_text_font_style = 'normal'
        axis.minor_tick_line_color = None
    made.grid.grid_line_color = '#eeeeee'
    made.outline_line_color = '#cccccc'
    return made


def legend_above(made: figure) -> None:
    """
    Put a figure's legend above it, where it hides no point.

    :param made: a figure whose glyphs are in the legend.
    """
    legend = made.legend[0]
    legend.orientation = 'horizontal'
    legend.border_line_color = None
    legend.label_text_font = LETTERS
    legend.label_text_font_size = '13px'
    legend.padding = legend.margin = 0
    legend.spacing = 14
    made.add_layout(legend, 'above')
