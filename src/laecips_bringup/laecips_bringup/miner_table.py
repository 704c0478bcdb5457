"""The table of miners at one upload rate, between random and perfect choice."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from laecips_bringup.experiment_parts import csv_text
from laecips_bringup.experiment_parts import file_stem
from laecips_bringup.experiment_parts import ResultTable
from laecips_bringup.experiment_tables import INTERVAL_NOTE
from laecips_bringup.run_columns import Form
from laecips_bringup.run_columns import MIOU
from laecips_bringup.run_columns import PERCENT
from laecips_bringup.run_columns import POINTS
from laecips_core.experiments.intervals import Interval
from laecips_core.experiments.intervals import mean_interval
from laecips_core.experiments.intervals import paired_difference
from laecips_core.experiments.miner_scores import MinerScore
from laecips_core.experiments.miner_scores import RANDOM

_NOTE = (
    'All frames are answered by the same frozen edge model and the same fused masks; only the '
    'choice of the frames to upload differs. mIoU: one threshold δ for the whole stream, chosen '
    'afterwards so that the upload rate is met (Fig. 8). Causal: δ turned by the controller, '
    'which knows the past only. Random is the mean over all random choices; ceiling is the choice '
    'by true benefit, mIoU(F(x)) − mIoU(f(x)), which needs the annotation and no miner can have. '
    'Way: from random (0 %) to that ceiling (100 %) at the same rate. AUROC of −h tells hard '
    'inputs (benefit of 0.1 or more) from easy ones, 0.5 is chance; rank correlation is '
    'Spearman’s of −h with the benefit.'
)


@dataclass(frozen=True)
class _Column:
    key: str
    title: str
    read: Callable[[MinerScore], float]
    form: Form


_COLUMNS = (
    _Column('miou', 'mIoU', lambda score: score.miou, MIOU),
    _Column('upload_rate', 'CUR', lambda score: score.upload_rate, PERCENT),
    _Column('way', 'way', lambda score: score.way, PERCENT),
    _Column('causal_miou', 'causal mIoU', lambda score: score.causal_miou, MIOU),
    _Column('causal_rate', 'causal CUR', lambda score: score.causal_rate, PERCENT),
    _Column('causal_way', 'causal way', lambda score: score.causal_way, PERCENT),
    _Column('auroc', 'AUROC', lambda score: score.auroc, MIOU),
    _Column('rank_correlation', 'rank corr.', lambda score: score.rank_correlation, MIOU),
)


def miner_table(scores: Mapping[int, Sequence[MinerScore]], where: str = '') -> ResultTable:
    """
    Compare miners at one upload rate.

    :param scores: by seed, one for each miner and for the two references; miners stand in the
        order of the first seed.
    :param where: stream and start, where a page has several.
    """
    miners = _by_miner(scores)
    rows = []
    for miner, own in miners.items():
        found = [(column, _interval(own, column)) for column in _COLUMNS]
        texts = [column.form.text(interval) for column, interval in found]
        rows.append((miner, texts[0], _gain(own, miners.get(RANDOM, {})), *texts[1:]))
    titles = [column.form.title(column.title) for column in _COLUMNS]
    return ResultTable(
        name=file_stem('miners', where),
        title=f'Miners: {where}' if where else 'Miners',
        columns=('miner', titles[0], POINTS.title('over random'), *titles[1:]),
        rows=tuple(rows),
        note=f'{_NOTE} {INTERVAL_NOTE} Seeds: {len(scores)}.',
        csv=csv_text(('miner', 'seed', *(column.key for column in _COLUMNS)), _raw(miners)),
    )


def _by_miner(scores: Mapping[int, Sequence[MinerScore]]) -> dict[str, dict[int, MinerScore]]:
    miners: dict[str, dict[int, MinerScore]] = {}
    for seed in sorted(scores):
        for score in scores[seed]:
            miners.setdefault(score.miner, {})[seed] = score
    return miners


def _interval(scores: Mapping[int, MinerScore], column: _Column) -> Interval | None:
    return mean_interval([column.read(score) for score in scores.values()])


def _gain(own: Mapping[int, MinerScore], chance: Mapping[int, MinerScore]) -> str:
    found = [{seed: score.miou for seed, score in one.items()} for one in (own, chance)]
    return POINTS.text(paired_difference(*found), signed=True)


def _raw(miners: Mapping[str, Mapping[int, MinerScore]]) -> Iterator[list[object]]:
    for miner, scores in miners.items():
        for seed, score in scores.items():
            yield [miner, seed, *(column.read(score) for column in _COLUMNS)]
        found = [_interval(scores, column) for column in _COLUMNS]
        yield [miner, 'mean', *(one and one.mean for one in found)]
        yield [miner, 'ci95', *(one and one.half_width for one in found)]
