"""The comparison of miners on the frozen system: what it needs, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from laecips_bringup.captioned_figures import figure7
from laecips_bringup.captioned_figures import figure8
from laecips_bringup.experiment_parts import Needs
from laecips_bringup.miner_table import miner_table
from laecips_core.experiments.miner_scores import MinerScore
from laecips_core.experiments.miner_scores import reference_scores
from laecips_core.experiments.miner_scores import score_miner
from laecips_core.experiments.rate_curves import rate_curves
from laecips_core.experiments.results import FrameSurvey
from laecips_core.experiments.suite import Suite
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.registry import build_controller
from laecips_core.registry import FUSERS

MINERS = ('learned', 'benefit', 'spp', 'sm', 'mess')
"""Miners that are compared on the frozen system; random choice and the ceiling come with them."""

RATES = tuple(np.linspace(0.0, 1.0, 21).tolist())
"""Upload rates of Fig. 8."""


def survey_needs(suite: Suite, seeds: Sequence[int]) -> Needs:
    """
    Plan a survey for each seed.

    :param suite: settings in common.
    :param seeds: seeds.
    """
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


def miner_results(
    suite: Suite, needs: Needs, found: Mapping[str, Any], title: str
) -> dict[str, Any]:
    """
    Compare the miners on surveys.

    :param suite: settings in common: its fusion rule and upload rate count.
    :param needs: the surveys, of :func:`survey_needs`.
    :param found: results by key.
    :param title: data set and start, for headings.
    :returns: the table of miners and the figures 7 and 8, by field of ``ExperimentResults``.
    """
    plan, _, miners = next(iter(needs.values()))
    rule = plan.cloud.fusion.name
    surveys = {plan.seed: found[key] for key, (plan, _, _) in needs.items()}
    scores = {seed: _scores(suite, own, miners) for seed, own in surveys.items()}
    every = [frame for own in surveys.values() for frame in own]
    curves = rate_curves(surveys, miners, rule, RATES)
    return {
        'tables': [miner_table(scores, title)],
        'figures': [figure7(every, miners, rule, title), figure8(curves, title)],
    }


def _scores(
    suite: Suite, survey: Sequence[FrameSurvey], miners: Sequence[str]
) -> list[MinerScore]:
    plan = suite.plan('DCSB', 0)
    rule, rate = plan.cloud.fusion.name, plan.edge.controller.upload_rate
    controller = partial(build_controller, plan.edge.controller, plan.edge.miner.threshold)
    own = [score_miner(survey, miner, rule, rate, controller) for miner in miners]
    return [*own, *reference_scores(survey, rule, rate)]
