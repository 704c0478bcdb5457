from __future__ import annotations

from itertools import combinations

import pytest

from laecips_bringup.paper_tables import PAPER_DOUBTS
from laecips_bringup.paper_tables import PAPER_TABLE_1
from laecips_bringup.paper_tables import PAPER_TABLE_2
from laecips_bringup.paper_tables import PaperRow
from laecips_bringup.paper_tables import PaperTasks

DATA_SETS = ['Cloud-Robotics', 'Cityscapes', 'ADE20K', 'SYNTHIA']
ONE = {(row.data_set, row.method): row for row in PAPER_TABLE_1}
TWO = {(row.data_set, row.method): row for row in PAPER_TABLE_2}


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)


def _gaps(data_set: str) -> tuple[float, float, float]:
    own = ONE[data_set, 'LAECIPS'].miou
    others = (ONE[data_set, name].miou for name in ('EDGE', 'DCSB', 'CLOUD'))
    edge, dcsb, cloud = (round(100.0 * abs(own - other), 1) for other in others)
    return edge, dcsb, cloud


def test_every_cell_is_there() -> None:
    assert [row.data_set for row in PAPER_TABLE_1[::4]] == DATA_SETS
    assert [row.data_set for row in PAPER_TABLE_2[::5]] == DATA_SETS
    assert (len(ONE), len(TWO)) == (16, 20)
    assert {len(row.mious) for row in PAPER_TABLE_2} == {5}
    assert {len(row.curs_percent) for row in PAPER_TABLE_2} == {5}


def test_single_cells() -> None:
    assert ONE['Cityscapes', 'CLOUD'] == PaperRow('Cityscapes', 'CLOUD', 0.647, 100.0, 5.83)
    assert TWO['SYNTHIA', 'SM'] == PaperTasks(
        'SYNTHIA', 'SM', (0.478, 0.46, 0.538, 0.525, 0.524), (36.91, 40.9, 36.52, 33.01, 35.71),
        0.505, 36.61, 2.52,
    )  # fmt: skip


def test_gaps_that_the_text_names() -> None:
    # The text: 22.1, 5.9, 5.1; 20.1, 6.0, 5.0; 12.5, 2.6, 3.7; 15.3, 4.4, 3.6.
    assert [_gaps(name) for name in DATA_SETS] == [
        (24.1, 5.9, 5.2), (20.1, 6.0, 5.0), (11.5, 2.6, 3.7), (15.3, 4.4, 3.6),
    ]  # fmt: skip


def test_both_tables_agree_but_for_one_row() -> None:
    differing = []
    for key in ONE.keys() & TWO.keys():
        one, two = ONE[key], TWO[key]
        if (one.miou, one.cur_percent, one.latency_s) != (
            two.miou, two.cur_percent, two.latency_s,
        ):  # fmt: skip
            differing.append((*key, one.miou, two.miou, one.latency_s, two.latency_s))
    assert differing == [('ADE20K', 'LAECIPS', 0.467, 0.468, 2.52, 2.50)]


def test_averages_are_means_but_for_those_named() -> None:
    # Others are cut instead of rounded, or off by up to six hundredths of a point.
    mious = {key for key, row in TWO.items() if abs(_mean(row.mious) - row.miou) > 0.001}
    curs = {
        key for key, row in TWO.items() if abs(_mean(row.curs_percent) - row.cur_percent) > 0.1
    }
    assert mious == {('Cityscapes', 'SPP')}
    assert curs == {
        ('Cloud-Robotics', 'SPP'), ('Cloud-Robotics', 'MESS'), ('Cityscapes', 'SM'),
        ('Cityscapes', 'MESS'),
    }  # fmt: skip
    assert _mean(TWO['Cityscapes', 'SPP'].mious) == pytest.approx(0.517, abs=5e-4)
    assert _mean(TWO['Cloud-Robotics', 'SPP'].curs_percent) == pytest.approx(37.17, abs=5e-3)
    assert _mean(TWO['Cityscapes', 'SM'].curs_percent) == pytest.approx(48.97, abs=5e-3)
    for name in ('Cloud-Robotics', 'Cityscapes'):
        row = TWO[name, 'MESS']
        assert row.cur_percent - _mean(row.curs_percent) == pytest.approx(0.164, abs=5e-4)


def test_savings_of_time_and_uploads() -> None:
    times = [1 - ONE[d, 'LAECIPS'].latency_s / ONE[d, 'CLOUD'].latency_s for d in DATA_SETS]
    assert (round(min(times), 2), round(max(times), 2)) == (0.48, 0.54)
    rates = [100.0 - ONE[d, 'LAECIPS'].cur_percent for d in DATA_SETS]
    assert (int(min(rates)), int(max(rates))) == (61, 68)


@pytest.mark.parametrize('data_set', DATA_SETS)
@pytest.mark.parametrize('method', ['LAECIPS', 'DCSB'])
def test_latency_is_a_mix_of_edge_and_cloud(data_set: str, method: str) -> None:
    row, edge = ONE[data_set, method], ONE[data_set, 'EDGE'].latency_s
    mix = edge + row.cur_percent / 100.0 * (ONE[data_set, 'CLOUD'].latency_s - edge)
    assert row.latency_s == pytest.approx(mix, abs=0.01)


def test_laecips_is_best_in_every_task_but_one() -> None:
    beaten = [
        (key[0], key[1], task + 1)
        for key, row in TWO.items()
        for task in range(5)
        if row.mious[task] > TWO[key[0], 'LAECIPS'].mious[task]
    ]
    assert beaten == [('Cityscapes', 'SPP', 3)]


def test_cells_that_two_data_sets_share() -> None:
    shared: dict[tuple[str, str, str], list[int]] = {}
    for (one, method), (two, other) in combinations(TWO, 2):
        if method == other and 'Cityscapes' in (one, two) and 'SYNTHIA' not in (one, two):
            for kind in ('mious', 'curs_percent'):
                left, right = getattr(TWO[one, method], kind), getattr(TWO[two, method], kind)
                for task in range(5):
                    if left[task] == right[task]:
                        shared.setdefault((one, method, kind), []).append(task + 1)
    assert shared == {
        ('Cloud-Robotics', 'MESS', 'mious'): [3, 4],
        ('Cloud-Robotics', 'SM', 'mious'): [4],
        ('Cloud-Robotics', 'SPP', 'mious'): [2, 3],
        ('Cloud-Robotics', 'SPP', 'curs_percent'): [2],
        ('Cityscapes', 'LAECIPS', 'curs_percent'): [2, 4],
    }


def test_doubts_name_the_rows() -> None:
    text = ' '.join(PAPER_DOUBTS)
    for word in ('0.467', '0.468', '24.1', '11.5', '48 to 54 %', '61 to 68 %', '0.585', '0.517'):
        assert word in text
