"""What each experiment needs, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from laecips_bringup.captioned_figures import figure5
from laecips_bringup.captioned_figures import figure6
from laecips_bringup.captioned_figures import figure9
from laecips_bringup.captioned_figures import streams
from laecips_bringup.experiment_miners import miner_results
from laecips_bringup.experiment_miners import survey_needs
from laecips_bringup.experiment_parts import Contents
from laecips_bringup.experiment_parts import Needs
from laecips_bringup.experiment_tables import table1
from laecips_bringup.experiment_tables import table1_changes
from laecips_bringup.experiment_tables import table2
from laecips_bringup.experiment_tables import table2_changes
from laecips_bringup.paper_comparison import beside_table1
from laecips_bringup.paper_comparison import beside_table2
from laecips_bringup.stream_figure import most_eventful
from laecips_core.experiments.methods import TABLE_1
from laecips_core.experiments.methods import TABLE_2
from laecips_core.experiments.results import RunResult
from laecips_core.experiments.suite import Suite

DIFFERENCES = (
    'Data: the stream named below; the paper’s four data sets were not at hand.',
    'Large vision model: the mask generator named below, not SAM.',
    'Edge model: a Fast-SCNN of 1.2 million parameters, not RFNet.',
    'Hardware: both sides were measured on the machine named below, with a modelled link; the '
    'paper has a Jetson Nano, two RTX 3090 and a 4 Mbit/s WLAN.',
    'Upload rate: a controller holds it near one target for every method; in the paper it '
    'follows from a fixed δ.',
)


def parts_of(name: str, suite: Suite, seeds: Sequence[int], methods: Sequence[str]) -> Contents:
    """
    Plan an experiment.

    :param name: one of CONTENTS.
    :param suite: settings in common.
    :param seeds: seeds.
    :param methods: rows; empty: the paper's.
    """
    return CONTENTS[name](suite, seeds, methods)


def _runs(suite: Suite, seeds: Sequence[int], methods: Sequence[str]) -> Needs:
    plans = suite.plans(methods, seeds)
    return {f'run {plan.method} {plan.seed}': (plan, (), ()) for plan in plans}


def _picked(needs: Needs, found: Mapping[str, Any]) -> list[RunResult]:
    return [found[key] for key in needs]


def _table1(suite: Suite, seeds: Sequence[int], methods: Sequence[str]) -> Contents:
    needs = _runs(suite, seeds, methods or TABLE_1)

    def make(found: Mapping[str, Any], title: str) -> dict[str, Any]:
        runs = _picked(needs, found)
        shown = most_eventful([run for run in runs if run.seed == seeds[0]])
        return {
            'tables': [table1(runs, title), table1_changes(runs, title)],
            'figures': [figure6(runs, title), streams(shown, title)],
            'paper': [beside_table1(runs, title)],
            'differences': DIFFERENCES,
        }

    return Contents(needs, make)


def _table2(suite: Suite, seeds: Sequence[int], methods: Sequence[str]) -> Contents:
    needs = _runs(suite, seeds, methods or TABLE_2)

    def make(found: Mapping[str, Any], title: str) -> dict[str, Any]:
        runs = _picked(needs, found)
        return {
            'tables': [table2(runs, title), table2_changes(runs, title)],
            'figures': [figure9(runs, title)],
            'paper': [beside_table2(runs, title)],
            'differences': DIFFERENCES,
        }

    return Contents(needs, make)


def _tables(suite: Suite, seeds: Sequence[int], methods: Sequence[str]) -> Contents:
    both = _table1(suite, seeds, methods), _table2(suite, seeds, methods)

    def make(found: Mapping[str, Any], title: str) -> dict[str, Any]:
        one, two = (part.make(found, title) for part in both)
        listed = {key: [*one[key], *two[key]] for key in ('tables', 'figures', 'paper')}
        return {**listed, 'differences': DIFFERENCES}

    return Contents({**both[0].needs, **both[1].needs}, make)


def _figure5(suite: Suite, seeds: Sequence[int], methods: Sequence[str]) -> Contents:
    needs = _runs(suite, seeds[:1], ['EDGE'])

    def make(found: Mapping[str, Any], title: str) -> dict[str, Any]:
        (run,) = _picked(needs, found)
        pixels = np.asarray(run.edge_matrices, np.float64).sum(axis=2)
        shares = pixels / pixels.sum(axis=1, keepdims=True).clip(1.0)
        return {'tables': [], 'figures': [figure5(shares, run.classes, title)]}

    return Contents(needs, make)


def _over_tasks(
    draw: Callable[[Sequence[RunResult], str], Any],
    usual: Sequence[str],
    suite: Suite,
    seeds: Sequence[int],
    methods: Sequence[str],
) -> Contents:
    needs = _runs(suite, seeds, methods or usual)
    return Contents(
        needs,
        lambda found, title: {'tables': [], 'figures': [draw(_picked(needs, found), title)]},
    )


def _miners(suite: Suite, seeds: Sequence[int], methods: Sequence[str]) -> Contents:
    needs = survey_needs(suite, seeds)
    return Contents(needs, partial(miner_results, suite, needs))


def _one_figure(
    number: int, suite: Suite, seeds: Sequence[int], methods: Sequence[str]
) -> Contents:
    both = _miners(suite, seeds, methods)

    def make(found: Mapping[str, Any], title: str) -> dict[str, Any]:
        return {'tables': [], 'figures': [both.make(found, title)['figures'][number]]}

    return Contents(both.needs, make)


CONTENTS: Mapping[str, Callable[[Suite, Sequence[int], Sequence[str]], Contents]] = {
    'table1': _table1,
    'table2': _table2,
    'tables': _tables,
    'figure5': _figure5,
    'figure6': partial(_over_tasks, figure6, TABLE_1),
    'figure7': partial(_one_figure, 0),
    'figure8': partial(_one_figure, 1),
    'figure9': partial(_over_tasks, figure9, TABLE_2),
    'miners': _miners,
}
"""Experiments made of runs and surveys."""
