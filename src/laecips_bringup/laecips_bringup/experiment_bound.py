"""The bound of Eq. 16 as lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from laecips_core.experiments.bound import Bound
from laecips_core.experiments.bound import BoundConfig
from laecips_core.experiments.bound_sample import bound_of
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.experiments.rademacher import Complexity
from laecips_core.experiments.suite import Suite
from laecips_core.registry import build_dataset


def measured_bound(suite: Suite, memo_folder: Path, console: Console) -> Mapping[str, str]:
    """
    Measure the bound on a stream's frames with the weights at its start.

    :param suite: stream and settings.
    :param memo_folder: remembers what the large models computed.
    :param console: told of each search.
    :returns: every term, what is assumed, and whether the bound says anything.
    """
    plan = suite.plan('CLOUD', 0)
    memo = LargeModelMemo(memo_folder, plan.mask_settings, plan.label_settings)

    def progress(line: str) -> None:
        console.print(line, markup=False)

    stream = build_dataset(plan.stream)
    return bound_texts(bound_of(plan, stream, memo, BoundConfig(), progress))


def bound_texts(bound: Bound) -> dict[str, str]:
    """
    Write a bound for people.

    :param bound: measured terms.
    :returns: texts by name, in order.
    """
    largest = bound.largest_loss
    texts = {
        'sample': f'{bound.frames} frames, β = {bound.beta:g}',
        'empirical loss': f'{bound.empirical_loss:.3f} nats',
        'Rademacher complexity of the miners': _complexity(bound.miner_complexity),
        'Rademacher complexity of the edge models': _complexity(bound.edge_complexity),
        'confidence term': f'{bound.confidence_term:.3f}, for failure in '
        f'{bound.config.failure_probability:.0%} of samples',
        'bound as in Eq. 16': f'{bound.total:.3f} nats: {_verdict(bound.vacuous, largest)}',
        'bound with the proof’s lost factors': f'{bound.corrected_total:.3f} nats: '
        f'{_verdict(bound.corrected_vacuous, largest)}',
    }
    assumed = {f'assumption {n}': text for n, text in enumerate(bound.assumptions, start=1)}
    return texts | assumed


def _complexity(complexity: Complexity) -> str:
    return f'{complexity.value:.3f} (standard error {complexity.error:.3f}); a lower estimate'


def _verdict(vacuous: bool, largest: float) -> str:
    if vacuous:
        return f'vacuous: no loss is above {largest:.3f} anyway'
    return f'below the largest loss {largest:.3f}'
