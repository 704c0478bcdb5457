"""What a results page says of how it was made."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from datetime import UTC
from pathlib import Path
import shlex

from laecips_bringup.bench_command import machine_facts
from laecips_bringup.experiment_page import FACT_LABELS
from laecips_bringup.report import FACT_DATA_SET
from laecips_bringup.report import FACT_MASKS
from laecips_core.config import CloudConfig
from laecips_core.config import MaskConfig
from laecips_core.experiments.suite import Suite


def data_set_name(suite: Suite) -> str:
    """
    Name the stream: data set, folder and selection.

    :param suite: settings in common.
    """
    parts = (suite.stream.name, Path(suite.stream.root).name, suite.stream.select)
    return ' '.join(part for part in parts if part)


def experiment_facts(arguments: Namespace, suite: Suite) -> dict[str, str]:
    """
    Collect the facts.

    :param arguments: of the command.
    :param suite: settings in common.
    :returns: texts by name, in order.
    """
    cloud: CloudConfig = suite.plan('LAECIPS', 0).cloud
    settings = [*(f'--edge {without_folders(text)}' for text in arguments.edge)]
    settings += [f'--cloud {without_folders(text)}' for text in arguments.cloud]
    return {
        FACT_DATA_SET: data_set_name(suite),
        FACT_MASKS: _masks(cloud.masks),
        FACT_LABELS: _labels(cloud),
        'fusion': cloud.fusion.name,
        'update rule': cloud.update.rule,
        'settings': ' '.join(settings),
        'link': f'{suite.link.mbit_per_s:g} Mbit/s, {suite.link.round_trip_ms:g} ms round trip, '
        'modelled',
        'seeds': str(arguments.seeds),
        'runs at a time': str(arguments.jobs),
        'date': datetime.now(UTC).isoformat(timespec='seconds'),
        **{name: str(fact) for name, fact in machine_facts().items()},
    }


def without_folders(text: str) -> str:
    """
    Cut the folders off a path in a setting: pages tell settings, not where files lie.

    :param text: KEY=VALUE.
    """
    key, _, value = text.partition('=')
    return shlex.quote(f'{key}={Path(value).name if "/" in value else value}')


def _masks(masks: MaskConfig) -> str:
    if masks.name != 'ground_truth':
        return masks.name
    return (
        f'{masks.name}, simulated: borders off by {masks.jitter_px:g} px, '
        f'{masks.drop_ratio:.0%} dropped, {masks.merge_ratio:.0%} merged'
    )


def _labels(cloud: CloudConfig) -> str:
    weighed = cloud.update.rule in ('supervised', 'coordinates')
    if weighed and cloud.update.label_weight == 0.0:
        return 'none (source frames in the colours of the stream)'
    return cloud.labels.source
