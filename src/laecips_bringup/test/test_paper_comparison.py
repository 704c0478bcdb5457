from __future__ import annotations

from laecips_bringup.paper_comparison import beside_table1
from laecips_bringup.paper_comparison import beside_table2
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import RunResult


def _run(method: str, miou: float, seed: int = 0) -> RunResult:
    frames = [
        FrameResult(i, i, miou, miou, i == 0, 0.5, 0.5, 'v', 0.1, 0.0, 0.5, 0, 0) for i in range(5)
    ]
    return RunResult(method, seed, frames, [], [], [], [])


RUNS = [_run('EDGE', 0.4), _run('DCSB', 0.45), _run('OTHER', 0.3), _run('LAECIPS', 0.5)]


def test_ours_stand_first_in_the_order_of_the_paper() -> None:
    table = beside_table1(RUNS, 'patrol')
    assert [row[:2] for row in table.rows[:5]] == [
        ('ours: patrol', 'LAECIPS'),
        ('ours: patrol', 'EDGE'),
        ('ours: patrol', 'DCSB'),
        ('ours: patrol', 'OTHER'),
        ('Cloud-Robotics', 'LAECIPS'),
    ]
    assert len(table.rows) == 4 + 16


def test_gaps_within_ours_and_within_the_paper() -> None:
    rows = {row[:2]: row for row in beside_table1(RUNS, 'patrol').rows}
    assert rows['ours: patrol', 'LAECIPS'][2:] == ('0.500', '20.0', '0.500', '+5.0', '+10.0')
    assert rows['ours: patrol', 'DCSB'][-2:] == ('–', '+5.0')
    assert rows['Cloud-Robotics', 'LAECIPS'][2:] == ('0.683', '37.1', '2.60', '+5.9', '+24.1')
    assert rows['SYNTHIA', 'EDGE'][-2:] == ('-10.9', '–')


def test_gap_to_a_method_that_did_not_run_is_a_dash() -> None:
    assert beside_table1([_run('LAECIPS', 0.5)], 'x').rows[0][-2:] == ('–', '–')


def test_table2_has_five_tasks_and_the_averages() -> None:
    table = beside_table2(RUNS, 'patrol')
    assert len(table.columns) == len(table.rows[0]) == 2 + 10 + 3
    assert table.rows[0][:5] == ('ours: patrol', 'LAECIPS', '0.500', '100.0', '0.500')
    assert table.rows[4] == (
        'Cloud-Robotics', 'LAECIPS', '0.682', '41.9', '0.647', '32.9', '0.676', '39.3', '0.677',
        '36.0', '0.733', '35.5', '0.683', '37.1', '2.60',
    )  # fmt: skip
    assert len(table.rows) == 4 + 20
