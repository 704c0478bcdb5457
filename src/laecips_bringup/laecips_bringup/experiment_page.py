"""The page of an experiment: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping

from laecips_bringup.experiment_parts import ExperimentResults
from laecips_bringup.paper_tables import PAPER_DOUBTS
from laecips_bringup.report import data_uri
from laecips_bringup.report import opening_texts
from laecips_bringup.report import page_template

FACT_LABELS = 'label source'
"""The fact that names where the labels of training come from."""

_LABEL_TEXTS = {
    'none': 'The edge model learns from annotated frames of its pretraining domain, in the '
    'colours of the stream; no label of the stream itself is trained on.',
    'edge': 'The edge model learns from its own classes in the shapes of the masks, as in the '
    'paper.',
    'teacher': 'The edge model learns from a larger segmentation network on the server.',
    'mix': 'The edge model learns from a mix of its own classes and those of a larger '
    'segmentation network on the server.',
}
_ALWAYS = (
    'Edge and cloud ran in one process, frame by frame: a training round is over before the next '
    'frame comes. Latency is measured compute on the machine named below plus a model of the '
    'link; nothing went over a network.'
)


def first_paragraph(facts: Mapping[str, str]) -> list[str]:
    """
    Say plainly what is simulated, and what no product has.

    :param facts: the first words of ``data set``, ``mask generator`` and ``label source`` choose
        the texts.
    :returns: sentences.
    """
    kind = facts.get(FACT_LABELS, '').partition(':')[0].partition(' ')[0]
    labels = [_LABEL_TEXTS[kind]] if kind in _LABEL_TEXTS else []
    return [*opening_texts(facts), *labels, _ALWAYS]


def experiment_page(results: ExperimentResults) -> str:
    """
    Write the page.

    :param results: what it shows.
    :returns: HTML; every text is escaped.
    """
    return page_template('experiment.html').render(
        title=results.title,
        texts=first_paragraph(results.facts),
        tables=results.tables,
        figures=[(figure, data_uri(figure.png)) for figure in results.figures],
        bound=results.bound,
        paper=results.paper,
        differences=results.differences,
        doubts=PAPER_DOUBTS,
        facts=results.facts,
    )
