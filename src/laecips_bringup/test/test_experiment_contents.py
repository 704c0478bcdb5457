from __future__ import annotations

from pathlib import Path

import pytest

from laecips_bringup.experiment_contents import CONTENTS
from laecips_bringup.experiment_contents import parts_of
from laecips_bringup.experiment_parts import Contents
from laecips_core.config import DataSetConfig
from laecips_core.errors import UnknownNameError
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import RunResult
from laecips_core.experiments.suite import Suite
from laecips_core.registry import FUSERS

SUITE = Suite(DataSetConfig(frames=3), {}, {}, LinkConfig())
MATRIX = [[6, 0, 0], [1, 1, 0]]


def parts(name: str, methods: tuple[str, ...] = (), suite: Suite = SUITE) -> Contents:
    return parts_of(name, suite, range(2), methods)


def run_of(method: str, seed: int) -> RunResult:
    frame = FrameResult(0, 0, 0.5, 0.5, False, 0.9, 0.5, 'v1', 0.01, 0.0, 0.01, 0, 0)
    return RunResult(method, seed, [frame], [], ['road', 'car'], [MATRIX], [MATRIX])


@pytest.mark.parametrize(
    ('name', 'methods'),
    [
        ('table1', ['LAECIPS', 'CLOUD', 'EDGE', 'DCSB']),
        ('table2', ['LAECIPS', 'DCSB', 'MESS', 'SM', 'SPP']),
        ('figure6', ['LAECIPS', 'CLOUD', 'EDGE', 'DCSB']),
        ('figure9', ['LAECIPS', 'DCSB', 'MESS', 'SM', 'SPP']),
    ],
)
def test_tables_and_their_figures_need_a_run_of_each_row_and_seed(
    name: str, methods: list[str]
) -> None:
    needs = parts(name).needs
    assert list(needs) == [f'run {method} {seed}' for method in methods for seed in range(2)]
    for key, (plan, fusers, miners) in needs.items():
        assert key == f'run {plan.method} {plan.seed}'
        assert (fusers, miners) == ((), ())


@pytest.mark.parametrize('name', ['table1', 'table2', 'figure6', 'figure9'])
def test_rows_may_be_chosen(name: str) -> None:
    assert list(parts(name, ('EDGE',)).needs) == ['run EDGE 0', 'run EDGE 1']


def test_figure5_needs_one_run_whatever_the_rows() -> None:
    assert list(parts('figure5', ('DCSB',)).needs) == ['run EDGE 0']


@pytest.mark.parametrize('name', ['figure7', 'figure8', 'miners'])
def test_miners_need_surveys_with_all_fusion_rules(name: str, tiny_data: Path) -> None:
    fitted = parts(name).needs
    assert list(fitted) == ['survey 0', 'survey 1']
    plan, fusers, miners = fitted['survey 1']
    assert (plan.method, plan.seed, fusers) == ('CLOUD', 1, tuple(FUSERS))
    unfitted = Suite(
        DataSetConfig(), {'model.weights': str(tiny_data / 'start.safetensors')}, {}, LinkConfig()
    )
    assert parts(name, suite=unfitted).needs['survey 0'][2] == ('learned', 'spp', 'sm', 'mess')
    assert set(miners) - {'benefit'} == {'learned', 'spp', 'sm', 'mess'}


def test_experiments_share_runs_by_key() -> None:
    both = parts('table1').needs.keys() & parts('table2').needs.keys()
    assert both == {'run LAECIPS 0', 'run LAECIPS 1', 'run DCSB 0', 'run DCSB 1'}
    assert parts('table1').needs['run DCSB 1'] == parts('table2').needs['run DCSB 1']


def test_an_unknown_row_is_refused() -> None:
    with pytest.raises(UnknownNameError, match='method: expected one of'):
        parts('table1', ('EDGE', 'EGDE'))


def test_figure5_shows_shares_of_annotated_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def draw(shares: object, classes: object, title: str) -> str:
        seen['shares'], seen['classes'] = shares.tolist(), classes  # type: ignore[attr-defined]
        return title

    monkeypatch.setattr('laecips_bringup.experiment_contents.figure5', draw)
    made = parts('figure5').make({'run EDGE 0': run_of('EDGE', 0)}, 'here')
    assert made == {'tables': [], 'figures': ['here']}
    assert seen == {'shares': [[0.75, 0.25]], 'classes': ['road', 'car']}


@pytest.mark.parametrize('name', ['table1', 'table2'])
def test_a_table_has_changes_figures_and_the_paper_beside_it(name: str) -> None:
    methods = ('DCSB', 'EDGE')
    found = {f'run {m} {seed}': run_of(m, seed) for m in methods for seed in range(2)}
    made = parts(name, methods).make(found, 'here')
    assert [table.title.endswith(': here') for table in made['tables']] == [True, True]
    assert [row[0] for row in made['tables'][0].rows] == ['DCSB', 'EDGE']
    assert len(made['paper']) == 1
    assert all(text.endswith('.') for text in made['differences'])
    assert all(figure.png.startswith(b'\x89PNG') for figure in made['figures'])


def test_every_experiment_has_a_plain_name() -> None:
    assert all(name.isalnum() for name in CONTENTS)
