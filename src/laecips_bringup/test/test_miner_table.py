from __future__ import annotations

import csv
import io

from laecips_bringup.miner_table import miner_table
from laecips_core.experiments.miner_scores import CEILING
from laecips_core.experiments.miner_scores import MinerScore
from laecips_core.experiments.miner_scores import RANDOM

NAN = float('nan')


def _scores(shift: float) -> list[MinerScore]:
    return [
        MinerScore('spp', 0.55 + shift, 0.38, 0.54 + shift, 0.37, 0.5, 0.4, 0.6, 0.2),
        MinerScore(RANDOM, 0.5 + shift, 0.38, NAN, NAN, 0.0, NAN, 0.5, 0.0),
        MinerScore(CEILING, 0.6 + shift, 0.38, NAN, NAN, 1.0, NAN, 1.0, 1.0),
    ]


def test_miners_between_the_references() -> None:
    table = miner_table({0: _scores(0.0)})
    assert table.columns == (
        'miner', 'mIoU', 'over random [points]', 'CUR [%]', 'way [%]', 'causal mIoU',
        'causal CUR [%]', 'causal way [%]', 'AUROC', 'rank corr.',
    )  # fmt: skip
    assert table.rows[0] == (
        'spp', '0.550', '+5.00', '38.0', '50.0', '0.540', '37.0', '40.0', '0.600', '0.200',
    )  # fmt: skip
    assert table.rows[1][2] == '0.00'
    assert table.rows[2][5:8] == ('–', '–', '–')


def test_gain_over_random_is_paired() -> None:
    spp = miner_table({0: _scores(0.0), 1: _scores(0.1)}).rows[0]
    assert spp[1] == '0.600 ± 0.635'
    assert spp[2] == '+5.00 ± 0.00'


def test_csv_has_every_seed() -> None:
    table = miner_table({1: _scores(0.1), 0: _scores(0.0)}, 'stream A')
    rows = list(csv.DictReader(io.StringIO(table.csv)))
    assert [row['seed'] for row in rows[:4]] == ['0', '1', 'mean', 'ci95']
    assert rows[4]['causal_miou'] == ''
    assert table.name == 'miners-stream-a'
