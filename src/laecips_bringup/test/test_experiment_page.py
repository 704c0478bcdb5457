from __future__ import annotations

from html.parser import HTMLParser

import pytest

from laecips_bringup.experiment_page import experiment_page
from laecips_bringup.experiment_page import FACT_LABELS
from laecips_bringup.experiment_page import first_paragraph
from laecips_bringup.experiment_parts import ExperimentResults
from laecips_bringup.experiment_parts import ResultFigure
from laecips_bringup.experiment_parts import ResultTable
from laecips_bringup.report import FACT_DATA_SET
from laecips_bringup.report import FACT_MASKS

HOSTILE = '<script>alert("x")</script>'


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or '' for name, value in attrs if name in ('src', 'href')]


def _results(text: str = 'text', **changes: object) -> ExperimentResults:
    table = ResultTable('t', text, ('method', text), (('LAECIPS', text),), text, '')
    values: dict[str, object] = {
        'name': 'table1',
        'title': text,
        'tables': [table],
        'figures': [ResultFigure('f', text, b'\x89PNG', text, text)],
        'facts': {'command': text},
        'bound': {'complexity': text},
        'paper': [table],
        'differences': [text],
    }
    return ExperimentResults(**{**values, **changes})  # type: ignore[arg-type]


def test_page_needs_nothing_beside_it() -> None:
    page = _Page()
    page.feed(experiment_page(_results()))
    assert page.tags.count('img') == 1
    assert all(link.startswith('data:image/png;base64,') for link in page.links)
    assert page.tags.count('table') == 4


def test_hostile_text_is_escaped_everywhere() -> None:
    page = experiment_page(_results(HOSTILE))
    assert '<script' not in page
    assert page.count('&lt;script&gt;') >= 14


def test_parts_may_be_left_out() -> None:
    page = experiment_page(_results(tables=[], figures=[], bound={}, paper=[], differences=[]))
    for heading in ('Tables', 'generalisation bound', 'Beside the paper'):
        assert heading not in page
    assert '<h2>Facts</h2>' in page


def test_paper_comes_with_its_doubts() -> None:
    page = experiment_page(_results())
    assert 'What differs' in page
    assert '0.467' in page


@pytest.mark.parametrize(
    ('fact', 'text', 'words'),
    [
        (FACT_DATA_SET, 'patrol, 500 frames, seed 0', 'frames are simulated'),
        (FACT_MASKS, 'ground_truth, borders off by 1.5 px', 'upper bound'),
        (FACT_LABELS, 'teacher:deeplab', 'from a larger segmentation network'),
        (FACT_LABELS, 'edge', 'its own classes'),
        (FACT_LABELS, 'mix:deeplab, 0.5', 'a mix of its own'),
    ],
)
def test_first_paragraph_says_what_is_simulated(fact: str, text: str, words: str) -> None:
    assert words in ' '.join(first_paragraph({fact: text}))
    assert words not in ' '.join(first_paragraph({fact: 'something else'}))


def test_link_is_always_called_a_model() -> None:
    assert 'model of the link' in ' '.join(first_paragraph({}))
