"""What each experiment needs, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from laecips_bringup.captioned_figures import figure5
from laecips_bringup.captioned_figures import figure6
from laecips_bringup.captioned_figures import figure7
from laecips_bringup.captioned_figures import figure8
from laecips_bringup.captioned_figures import figure9
from laecips_bringup.captioned_figures import streams
from laecips_bringup.experiment_tables import table1
from laecips_bringup.experiment_tables import table1_changes
from laecips_bringup.experiment_tables import table2
from laecips_bringup.experiment_tables import table2_changes
from laecips_bringup.miner_table import miner_table
from laecips_bringup.paper_comparison import beside_table1
from laecips_bringup.paper_comparison import beside_table2
from laecips_core.experiments.methods import TABLE_1
from laecips_core.experiments.methods import TABLE_2
from laecips_core.experiments.miner_scores import reference_scores
from laecips_core.experiments.miner_scores import score_miner
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.rate_curves import rate_curves
from laecips_core.experiments.results import FrameSurvey
from laecips_core.experiments.results import RunResult
from laecips_core.experiments.suite import Suite
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.registry import build_controller
from laecips_core.registry import FUSERS

MINERS = ('learned', 'benefit', 'spp', 'sm', 'mess')
"""Miners that are compared on the frozen system; random choice and the ceiling come with them."""

RATES = tuple(np.linspace(0.0, 1.0, 21).tolist())
"""Upload rates of Fig. 8."""

DIFFERENCES = (
    'Data: the stream named below; the paper’s four data sets were not at hand.',
    'Large vision model: the mask generator named below, not SAM.',
    'Edge model: a Fast-SCNN of 1.2 million parameters, not RFNet.',
    'Hardware: both sides were measured on the machine named below, with a modelled link; the '
    'paper has a Jetson Nano, two RTX 3090 and a 4 Mbit/s WLAN.',
    'Upload rate: a controller holds it near one target for every method; in the paper it '
    'follows from a fixed δ.',
)

Needs = dict[str, tuple[RunPlan, tuple[str, ...], tuple[str, ...]]]


@dataclass(frozen=True)
class Contents:
    """
    One experiment.

    :param needs: runs, and surveys with their fusion rules and miners, by key.
    :param make: gives tables, figures and more, by field of ``ExperimentResults``, from results by
        key and a title.
    """

    needs: Needs
    make: Callable[[Mapping[str, Any], str], dict[str, Any]]


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


def _surveys(suite: Suite, seeds: Sequence[int]) -> Needs:
    plans = suite.plans(['CLOUD'], seeds)
    miners = survey_miners(suite)
    return {f'survey {plan.seed}': (plan, tuple(FUSERS), miners) for plan in plans}


def survey_miners(suite: Suite) -> tuple[str, ...]:
    """
    Name the miners that the start weights can run.

    :param suite: settings in common.
    """
    edge = build_edge(suite.plan('CLOUD', 0).edge)
    fitted = edge.parts.unpack(edge.start).miner
    has_benefit = any(name.startswith('benefit.') for name in fitted)
    return tuple(name for name in MINERS if name != 'benefit' or has_benefit)


def _picked(needs: Needs, found: Mapping[str, Any]) -> list[RunResult]:
    return [found[key] for key in needs]


def _table1(suite: Suite, seeds: Sequence[int], methods: Sequence[str]) -> Contents:
    needs = _runs(suite, seeds, methods or TABLE_1)

    def make(found: Mapping[str, Any], title: str) -> dict[str, Any]:
        runs = _picked(needs, found)
        shown = [run for run in runs if run.seed == seeds[0]][:5]
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
    needs = _surveys(suite, seeds)
    miners = survey_miners(suite)
    plan = suite.plan('DCSB', seeds[0])
    rule, rate = plan.cloud.fusion.name, plan.edge.controller.upload_rate
    controller = partial(build_controller, plan.edge.controller, plan.edge.miner.threshold)

    def make(found: Mapping[str, Any], title: str) -> dict[str, Any]:
        surveys = _by_seed(needs, found)
        scores = {
            seed: [
                *(score_miner(own, miner, rule, rate, controller) for miner in miners),
                *reference_scores(own, rule, rate),
            ]
            for seed, own in surveys.items()
        }
        every = [frame for own in surveys.values() for frame in own]
        curves = rate_curves(surveys, miners, rule, RATES)
        return {
            'tables': [miner_table(scores, title)],
            'figures': [figure7(every, miners, rule, title), figure8(curves, title)],
        }

    return Contents(needs, make)


def _by_seed(needs: Needs, found: Mapping[str, Any]) -> dict[int, list[FrameSurvey]]:
    return {plan.seed: found[key] for key, (plan, _, _) in needs.items()}


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
    'figure5': _figure5,
    'figure6': partial(_over_tasks, figure6, TABLE_1),
    'figure7': partial(_one_figure, 0),
    'figure8': partial(_one_figure, 1),
    'figure9': partial(_over_tasks, figure9, TABLE_2),
    'miners': _miners,
}
"""Experiments made of runs and surveys."""
