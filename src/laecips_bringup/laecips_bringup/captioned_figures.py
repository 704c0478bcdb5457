"""The figures of an experiment with the words that say how to read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from laecips_bringup.experiment_figures import class_frequency_figure
from laecips_bringup.experiment_figures import task_lines_figure
from laecips_bringup.experiment_figures import task_miou_figure
from laecips_bringup.experiment_parts import file_stem
from laecips_bringup.experiment_parts import ResultFigure
from laecips_bringup.miner_figures import benefit_histograms
from laecips_bringup.miner_figures import rate_figure
from laecips_bringup.stream_figure import stream_figure
from laecips_core.experiments.rate_curves import RateCurve
from laecips_core.experiments.results import FrameSurvey
from laecips_core.experiments.results import RunResult

_BARS = (
    'Bars with caps are 95 % confidence intervals over the seeds; with one seed there are none.'
)


def figure5(
    shares: NDArray[np.float64] | Sequence[Sequence[float]],
    classes: Sequence[str],
    where: str = '',
) -> ResultFigure:
    """
    Show the class frequencies of the tasks.

    :param shares: (tasks, M) share of the task's annotated pixels, in [0, 1].
    :param classes: M names.
    :param where: stream, where a page has several.
    """
    return _figure(
        'figure5',
        'Class frequency by task (Fig. 5)',
        where,
        class_frequency_figure(shares, classes),
        'Table of class shares, a column for each task',
        'Share of the annotated pixels of each task in %, the most common class on top; classes '
        'that never occur are left out. Numbers that change along a row are data drift.',
    )


def figure6(runs: Sequence[RunResult], where: str = '') -> ResultFigure:
    """
    Show the mIoU of frameworks by task.

    :param runs: all methods and seeds.
    :param where: stream and start, where a page has several.
    """
    return _figure(
        'figure6',
        'mIoU by task (Fig. 6)',
        where,
        task_miou_figure(runs),
        'Bars of mIoU, a group for each task, a bar for each method',
        f'Mean over the frames of a task of what the user got (Eq. 25). {_BARS}',
    )


def figure7(
    surveys: Sequence[FrameSurvey], miners: Sequence[str], rule: str, where: str = ''
) -> ResultFigure:
    """
    Show what miners see in hard and easy inputs.

    :param surveys: frames, of all seeds together.
    :param miners: names, one panel each.
    :param rule: fusion rule.
    :param where: stream and start, where a page has several.
    """
    return _figure(
        'figure7',
        'Confidence of hard and easy inputs (Fig. 7)',
        where,
        benefit_histograms(surveys, miners, rule),
        'Histograms of the confidence h, a panel for each miner, hard and easy inputs apart',
        'Hard inputs are those where fusion wins: mIoU(F(x)) − mIoU(f(x)) ≥ 0.1. Each kind adds '
        'up to 100 %, each panel has its own range of h. A good miner has hard ones on the left. '
        'AUROC is the share of pairs of one hard and one easy input in the right order: 0.5 is '
        f'chance. Fusion rule: {rule}.',
    )


def figure8(curves: Sequence[RateCurve], where: str = '') -> ResultFigure:
    """
    Show the system mIoU of miners over the upload rate.

    :param curves: of :func:`laecips_core.experiments.rate_curves.rate_curves`.
    :param where: stream and start, where a page has several.
    """
    return _figure(
        'figure8',
        'mIoU over upload rate (Fig. 8)',
        where,
        rate_figure(curves),
        'Curves of mIoU over the upload rate, and below of the gain over random choice',
        'The edge model is frozen and δ is turned. The dashed line is the mean of random choice; '
        'the ceiling sends the frames of largest true benefit, which no miner can know. Below: '
        'the same less random choice, in points of mIoU. The grey band holds 95 % of single '
        f'random choices: a miner inside it may have been lucky. {_BARS} They stand at some rates '
        'only.',
    )


def figure9(runs: Sequence[RunResult], where: str = '') -> ResultFigure:
    """
    Show mIoU and upload rate of methods by task.

    :param runs: all methods and seeds.
    :param where: stream and start, where a page has several.
    """
    return _figure(
        'figure9',
        'mIoU and upload rate by task (Fig. 9)',
        where,
        task_lines_figure(runs),
        'Lines of mIoU and of upload rate over the tasks, a line for each method',
        'Above what the user got, below the share of frames uploaded for it. A method that adapts '
        f'does not fall with the tasks. {_BARS} Points are moved sideways to keep them apart.',
    )


def streams(runs: Sequence[RunResult], where: str = '', window: int = 25) -> ResultFigure:
    """
    Show runs frame by frame.

    :param runs: one run for each method over the same stream, up to five.
    :param where: stream and start, where a page has several.
    :param window: frames in the running mean.
    """
    seeds = ', '.join(str(seed) for seed in sorted({run.seed for run in runs}))
    return _figure(
        'streams',
        'Over the stream',
        where,
        stream_figure(runs, window),
        'Running mIoU of every method over the stream, with uploads and training rounds below',
        f'Mean of the per-image mIoU of what the user got, over the last {window} frames. '
        'Triangles on a curve: other weights came into force, up for a release, down for a '
        'rollback. In the rows below, ticks are uploaded frames and marks are what became of '
        f'training rounds. One seed: {seeds}.',
    )


def _figure(name: str, title: str, where: str, png: bytes, alt: str, caption: str) -> ResultFigure:
    full = f'{title}: {where}' if where else title
    return ResultFigure(file_stem(name, where), full, png, alt, caption)
