"""The ``laecips bench`` command: times one part on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Mapping
import json
import os
from pathlib import Path
import platform
import sys

import numpy as np
from rich.console import Console
from rich.table import Table
import torch

_CPU_FACTS = Path('/proc/cpuinfo')
_PATROL_FRAMES, _EDGE_FRAMES = 30, 1000
_BYTES_PER_MBIT = 125_000
_LINK = (
    ('--rate-mbit', 4.0, 'Rate in Mbit/s.'),
    ('--rtt-ms', 20.0, 'Round trip in ms.'),
    ('--jitter-ms', 0.0, 'Jitter of each way in ms, at most half the round trip.'),
    ('--loss-ratio', 0.0, 'Share of packets lost.'),
    ('--compute-ms', 0.0, "What the cloud's stand-in computes for a frame in ms."),
)


def _measure_fusion(_: argparse.Namespace) -> dict[str, object]:
    from laecips_core.bench.fusion import run as run_fusion

    return run_fusion()


def _measure_engine(_: argparse.Namespace) -> dict[str, object]:
    from laecips_core.bench.engine import run as run_engine

    return run_engine()


def _measure_masks(_: argparse.Namespace) -> dict[str, object]:
    from laecips_core.bench.masks import run as run_masks

    return run_masks()


def _measure_edge(arguments: argparse.Namespace) -> dict[str, object]:
    from laecips_bringup.edge_bench import measure_edge

    return measure_edge(arguments.frames)


def _measure_link(arguments: argparse.Namespace) -> dict[str, object]:
    from laecips_bridge.emulator.link_profile import LinkProfile
    from laecips_bringup.link_bench import measure_link

    return measure_link(
        LinkProfile(
            rate_bytes_per_s=arguments.rate_mbit * _BYTES_PER_MBIT,
            delay_s=arguments.rtt_ms * 5e-4,
            jitter_s=arguments.jitter_ms * 1e-3,
            loss_ratio=arguments.loss_ratio,
        ),
        arguments.compute_ms * 1e-3,
    )


def _measure_patrol(_: argparse.Namespace) -> dict[str, object]:
    from laecips_core.bench.patrol import run as run_patrol
    from laecips_core.config import DataSetConfig
    from laecips_core.datasets.patrol.patrol import Patrol

    figures = run_patrol(_PATROL_FRAMES)
    patrol = Patrol(DataSetConfig())
    period_s = (patrol.stamp_ns(1) - patrol.stamp_ns(0)) * 1e-9
    return {**figures, 'ratio': figures['frames_per_s'] * period_s}


BENCHES: Mapping[str, Callable[[argparse.Namespace], dict[str, object]]] = {
    'edge': _measure_edge,
    'engine': _measure_engine,
    'fusion': _measure_fusion,
    'link': _measure_link,
    'masks': _measure_masks,
    'patrol': _measure_patrol,
}
"""Measurements by name; each gives its figures. Of edge, fusion, masks and patrol ``ratio`` is the
headline, and larger is better: against the bare model loop, the paper's loop over masks,
segment-anything's own generator, and the camera's own rate; of engine ``onnxruntime_over_torch``.
Those of link are times over the ideal ones, and smaller is better."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the command's arguments.

    :param parser: the parser of ``laecips bench``.
    """
    parser.add_argument('name', choices=sorted(BENCHES), help='What to measure.')
    parser.add_argument(
        '--json', action='store_true', help='Print one JSON object as the last line, too.'
    )
    edge = parser.add_argument_group('edge', 'The edge node against the bare model loop.')
    edge.add_argument(
        '--frames',
        type=int,
        default=_EDGE_FRAMES,
        help=f'Frames over which memory is watched. Default: {_EDGE_FRAMES}.',
    )
    link = parser.add_argument_group('link', 'The emulated link, each direction alike.')
    for name, default, text in _LINK:
        link.add_argument(name, type=float, default=default, help=f'{text} Default: {default:g}.')


def run(arguments: argparse.Namespace) -> int:
    """
    Measure and print.

    :param arguments: what :func:`add_arguments` declared.
    :returns: 0.
    """
    figures = BENCHES[arguments.name](arguments)
    machine = machine_facts()
    print_figures(arguments.name, figures, machine, Console())
    if arguments.json:
        print(json_line(arguments.name, figures, machine))
    return 0


def print_figures(
    name: str, figures: Mapping[str, object], machine: Mapping[str, str | int], console: Console
) -> None:
    """
    Print figures and machine as a table.

    :param name: name of the measurement.
    :param figures: its figures by name; units stand in the names.
    :param machine: where they were measured.
    :param console: where to print.
    """
    table = Table('figure', 'value', title=f'bench {name}', show_header=False)
    for figure, value in figures.items():
        table.add_row(figure, f'{value:.4g}' if isinstance(value, float) else str(value))
    table.add_section()
    for fact, text in machine.items():
        table.add_row(fact, str(text))
    console.print(table)


def json_line(name: str, figures: Mapping[str, object], machine: Mapping[str, str | int]) -> str:
    """
    Write a measurement for a program to read.

    :param name: name of the measurement.
    :param figures: its figures by name, ``ratio`` among them.
    :param machine: where they were measured.
    :returns: one JSON object on one line.
    """
    return json.dumps({'bench': name, **figures, 'machine': dict(machine)})


def machine_facts() -> dict[str, str | int]:
    """Describe this machine and the libraries that count for speed."""
    return {
        'cpu': cpu_model(_CPU_FACTS),
        'cores': len(os.sched_getaffinity(0)),
        'platform': platform.platform(),
        'python': '.'.join(map(str, sys.version_info[:3])),
        'torch': torch.__version__,
        'numpy': np.__version__,
    }


def cpu_model(facts: Path) -> str:
    """
    Name the processor.

    :param facts: Linux's list of processors.
    :returns: its model, or what Python knows where the list has none.
    """
    if facts.is_file():
        for line in facts.read_text(encoding='utf-8').splitlines():
            name, _, value = line.partition(':')
            if name.strip() in ('model name', 'Model'):
                return value.strip()
    return platform.processor() or platform.machine()
