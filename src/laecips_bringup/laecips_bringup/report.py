"""The report of one experiment: a single HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
import re

from jinja2 import Environment
from jinja2 import PackageLoader
from jinja2 import StrictUndefined
from jinja2 import Template

from laecips_bringup.figures import confidence_histogram
from laecips_bringup.figures import latency_figure
from laecips_bringup.figures import miou_curve
from laecips_bringup.frame_account import account_of
from laecips_bringup.records import RunRecord
from laecips_bringup.table import cells_of
from laecips_bringup.table import COLUMNS

FACT_DATA_SET = 'data set'
"""The fact that names the data set."""

FACT_MASKS = 'mask generator'
"""The fact that names the mask generator."""

_DATA_SET_TEXTS = {
    'patrol': 'The frames are simulated: a robot dog walks through a small drawn world while the '
    'light fails. Figures from it say how the parts work together, not how well they would do on '
    'a real camera.',
}
_OTHER_DATA_SET = 'The frames come from the data set named below.'
_MASK_TEXTS = {
    'regions': 'In place of a large vision model a classical segmenter cuts the regions: it needs '
    'no weights, and it knows colours but no objects.',
    'ground_truth': 'The masks are cut from the annotation itself, which no product has: every '
    'figure with fused masks is an upper bound.',
    'none': 'There is no large vision model: fused masks are the edge model’s own.',
}
_OTHER_MASKS = 'The large vision model is the mask generator named below.'


def write_report(
    path: Path,
    *,
    title: str,
    runs: Sequence[RunRecord],
    rows: Sequence[dict[str, object]],
    strips: bytes,
    classes: Sequence[str],
    facts: Mapping[str, str],
) -> None:
    """
    Write the report.

    :param path: the HTML file; replaced when it exists.
    :param title: heading of the page.
    :param runs: the runs, at least one.
    :param rows: one row for each run, of :func:`laecips_bringup.table.row_of`.
    :param strips: PNG bytes of :func:`laecips_bringup.strips.strips`; empty: left out.
    :param classes: names of the classes, shown with the strips.
    :param facts: texts by name, shown in order, such as machine, seed, date, versions, command;
        ``data set`` and ``mask generator``, where given, choose what the first paragraph says.
    """
    judged = _judged(runs)
    page = page_template('report.html').render(
        title=title,
        texts=opening_texts(facts),
        columns=COLUMNS,
        rows=[cells_of(row) for row in rows],
        missing=[run for run in runs if run.masks_received != run.frames_fed],
        accounts=[(run.method, account_of(run)) for run in runs],
        curve=data_uri(miou_curve(runs)),
        strips=data_uri(strips) if strips else '',
        histogram=data_uri(confidence_histogram(judged)),
        judged=judged,
        latency=data_uri(latency_figure(runs)),
        trained=[run for run in runs if run.rounds],
        classes=classes,
        facts=facts,
        has_truth=any(frame.truth is not None for run in runs for frame in run.frames),
    )
    path.write_text(page, encoding='utf-8')


def _judged(runs: Sequence[RunRecord]) -> RunRecord:
    """Choose the run whose confidences are shown: the one where the miner decided something."""
    mined = [run for run in runs if len({frame.hard for frame in run.frames}) > 1]
    return max(mined or runs, key=lambda run: (run.method == 'LAECIPS', len(run.rounds)))


def opening_texts(facts: Mapping[str, str]) -> list[str]:
    """
    Say what is simulated and what no product has.

    :param facts: ``data set`` and ``mask generator``, by the first word of their texts.
    :returns: one sentence or more for each of the two.
    """
    data_set, masks = (_first_word(facts.get(fact, '')) for fact in (FACT_DATA_SET, FACT_MASKS))
    return [
        _DATA_SET_TEXTS.get(data_set, _OTHER_DATA_SET),
        _MASK_TEXTS.get(masks, _OTHER_MASKS),
    ]


def page_template(name: str) -> Template:
    """
    Load a template; what is put into it is escaped.

    :param name: file in the folder of templates.
    """
    environment = Environment(
        loader=PackageLoader('laecips_bringup'),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def data_uri(png: bytes) -> str:
    """
    Write an image so that a page needs no file beside it.

    :param png: PNG bytes.
    """
    return 'data:image/png;base64,' + base64.b64encode(png).decode('ascii')


def _first_word(text: str) -> str:
    return re.split(r'[^a-z0-9_]', text, maxsplit=1)[0]
