from __future__ import annotations

import csv
from dataclasses import replace
import io

import pytest

from laecips_bringup.experiment_tables import table1
from laecips_bringup.experiment_tables import table1_changes
from laecips_bringup.experiment_tables import table2
from laecips_bringup.experiment_tables import table2_changes
from laecips_core.errors import ConfigError
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import RoundResult
from laecips_core.experiments.results import RunResult

EASY = FrameResult(0, 0, 0.5, 0.5, False, 0.9, 0.5, 'v1', 0.01, 0.0, 0.01, 0, 0)
HARD = FrameResult(1, 1, 0.7, 0.6, True, 0.1, 0.5, 'v1', 0.01, 0.2, 0.21, 1000, 100)
# Class 0: 3 of 4 pixels, class 1: 1 of 2.
MATRIX = [[3, 0, 0], [1, 1, 0]]


def _run(method: str = 'LAECIPS', seed: int = 0, more: float = 0.0) -> RunResult:
    frames = [replace(one, system_miou=(one.system_miou or 0.0) + more) for one in (EASY, HARD)]
    rounds = [RoundResult(1, 'RELEASED', 'v2', 'better', 1, 1.0, 5000)]
    matrices = [MATRIX, MATRIX]
    source = {'start': 0.6, 'end': 0.58}
    return RunResult(method, seed, frames, rounds, ['road', 'car'], matrices, matrices, source)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_table1_of_one_seed() -> None:
    table = table1([_run()])
    assert table.columns == (
        'method', 'mIoU (frames)', 'mIoU (data set)', 'edge model alone', 'CUR [%]',
        'latency [s]', 'up [kB]', 'down [kB]', 'source, start', 'source, end', 'seeds',
    )  # fmt: skip
    assert table.rows == (
        ('LAECIPS', '0.600', '0.625', '0.550', '50.0', '0.110', '1.0', '5.1', '0.600', '0.580',
         '1'),
    )  # fmt: skip


def test_seeds_give_mean_and_interval() -> None:
    # Two values a tenth apart: half of it times t of one degree, 12.706.
    (row,) = table1([_run(seed=0), _run(seed=1, more=0.1)]).rows
    assert row[1] == '0.650 ± 0.635'
    assert row[4] == '50.0 ± 0.0'
    assert row[-1] == '2'


def test_methods_stand_as_they_come() -> None:
    runs = [_run('DCSB', 1), _run('EDGE', 1), _run('DCSB', 0)]
    assert [row[0] for row in table1(runs).rows] == ['DCSB', 'EDGE']


def test_source_and_annotation_may_be_missing() -> None:
    bare = [replace(EASY, system_miou=None, edge_miou=None)]
    run = replace(_run(), frames=bare, source_miou={}, system_matrices=[[[0, 0], [0, 0]]])
    (row,) = table1([run]).rows
    assert (row[1], row[2], row[3], row[8], row[9]) == ('–',) * 5


def test_table1_as_csv_has_every_seed_and_raw_units() -> None:
    rows = _rows(table1([_run(seed=1, more=0.1), _run(seed=0)]).csv)
    assert [row['seed'] for row in rows] == ['0', '1', 'mean', 'ci95']
    assert [float(row['miou']) for row in rows[:3]] == pytest.approx([0.6, 0.7, 0.65])
    assert float(rows[3]['miou']) == pytest.approx(0.635, abs=0.001)
    assert (rows[0]['upload_rate'], rows[0]['bytes_down']) == ('0.5', '5100.0')


def test_one_seed_has_no_interval_in_csv() -> None:
    assert _rows(table1([_run()]).csv)[-1]['miou'] == ''


def test_table2_has_a_pair_of_columns_for_each_task() -> None:
    table = table2([_run()])
    assert table.columns == (
        'method', '1 mIoU', '1 CUR [%]', '2 mIoU', '2 CUR [%]', 'avg mIoU', 'avg CUR [%]',
        'avg latency [s]', 'seeds',
    )  # fmt: skip
    assert table.rows == (
        ('LAECIPS', '0.500', '0.0', '0.700', '100.0', '0.600', '50.0', '0.110', '1'),
    )


def test_task_that_a_run_lacks_is_a_dash() -> None:
    short = replace(_run('DCSB'), frames=[EASY])
    assert table2([_run(), short]).rows[1][3:5] == ('–', '–')


def test_differences_are_paired_by_seed() -> None:
    # On both seeds two points, though the seeds are ten apart.
    runs = [_run('DCSB', 0), _run('DCSB', 1, 0.1), _run('LAECIPS', 0, 0.02)]
    runs += [_run('LAECIPS', 1, 0.12), _run('EDGE', 1, 0.05)]
    table = table1_changes(runs)
    rows = {row[0]: row for row in table.rows}
    assert list(rows) == ['LAECIPS − DCSB', 'EDGE − DCSB', 'LAECIPS − EDGE']
    assert table.columns[1] == 'mIoU (frames) [points]'
    assert rows['LAECIPS − DCSB'][1] == '+2.00 ± 0.00'
    assert rows['EDGE − DCSB'][1] == '-5.00'
    assert (rows['LAECIPS − DCSB'][-1], rows['LAECIPS − EDGE'][-1]) == ('2', '1')
    assert _rows(table.csv)[0]['baseline'] == 'DCSB'


def test_differences_task_by_task() -> None:
    table = table2_changes([_run('DCSB'), _run('LAECIPS', 0, 0.02)])
    assert table.columns[:3] == ('methods', '1 mIoU [points]', '1 CUR [points]')
    assert table.rows[0][:3] == ('LAECIPS − DCSB', '+2.00', '0.00')


def test_where_is_in_title_and_file_name() -> None:
    table = table1([_run()], 'stream B, start 1')
    assert (table.name, table.title) == ('table-i-stream-b-start-1', 'Table I: stream B, start 1')


def test_same_run_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match='LAECIPS with seed 0 twice'):
        table1([_run(), _run()])
