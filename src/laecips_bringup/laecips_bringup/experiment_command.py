"""``laecips experiment``: the paper's tables and figures, on any data set, from one command."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from laecips_bringup.dataset_arguments import add_dataset_arguments
from laecips_bringup.dataset_arguments import dataset_config
from laecips_bringup.experiment_bound import measured_bound
from laecips_bringup.experiment_contents import CONTENTS
from laecips_bringup.experiment_contents import parts_of
from laecips_bringup.experiment_facts import data_set_name
from laecips_bringup.experiment_facts import experiment_facts
from laecips_bringup.experiment_outputs import write_experiment
from laecips_bringup.experiment_parts import Contents
from laecips_bringup.experiment_parts import ExperimentResults
from laecips_bringup.experiment_runner import do_jobs
from laecips_bringup.node_settings import checked
from laecips_bringup.node_settings import parse_assignments
from laecips_bringup.replay_command import result_console
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.errors import ConfigError
from laecips_core.experiments.jobs import Job
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.methods import METHODS
from laecips_core.experiments.suite import Suite
from laecips_core.setting import check_config
from laecips_core.setting import settings_of

_CACHE = 'cache'
_BOUND, _ALL = 'bound', 'all'


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare what the command takes.

    :param parser: gets the options.
    """
    parser.add_argument('what', choices=[*CONTENTS, _BOUND, _ALL], help='What to make.')
    add_dataset_arguments(parser)
    group = parser.add_argument_group('experiment')
    group.add_argument(
        '--edge', action='append', default=[], metavar='KEY=VALUE',
        help='A setting of the edge; {seed} in a text stands for the seed.',
    )  # fmt: skip
    group.add_argument(
        '--cloud', action='append', default=[], metavar='KEY=VALUE', help='A setting of the cloud.'
    )
    group.add_argument('--seeds', type=int, default=3, help='Seeds 0 to N - 1. Default: 3.')
    group.add_argument(
        '--methods', default='', help=f'Comma-separated rows, of: {", ".join(METHODS)}.'
    )
    for name, value, fact in settings_of(LinkConfig()):
        flag = '--link-' + name.replace('_', '-')
        text = f'{fact.description} Default: {value:g}.'
        group.add_argument(flag, type=float, default=value, help=text)
    group.add_argument(
        '--jobs', type=int, default=1, help='Runs at a time; more disturb the times. Default: 1.'
    )
    group.add_argument(
        '--out', type=Path, default=Path('out/experiments'), help='Default: out/experiments.'
    )
    group.add_argument('--title', default='', help='Data set and start, for headings.')
    group.add_argument('--fresh', action='store_true', help='Compute again what was done before.')


def run(arguments: Namespace) -> int:
    """
    Do the runs, write tables, figures and page.

    :param arguments: parsed from :func:`add_arguments`.
    :returns: 0.
    :raises LaecipsError: when it cannot be done.
    """
    console = result_console()
    suite = _suite(arguments)
    facts = experiment_facts(arguments, suite)
    methods = [name.strip() for name in arguments.methods.split(',') if name.strip()]
    seeds = range(arguments.seeds)
    wanted = {name: parts_of(name, suite, seeds, methods) for name in _names(arguments.what)}
    jobs = _jobs(arguments, list(wanted.values()), facts)
    done = do_jobs(
        list(jobs.values()), processes=arguments.jobs, fresh=arguments.fresh, console=console
    )
    found = dict(zip(jobs, done, strict=True))
    title = arguments.title or data_set_name(suite)
    for name, contents in wanted.items():
        _write(arguments.out, name, title, contents.make(found, title), facts, console)
    if arguments.what in (_BOUND, _ALL):
        texts = measured_bound(suite, arguments.out / _CACHE, console)
        _write(arguments.out, _BOUND, title, {'bound': texts}, facts, console)
    return 0


def _names(what: str) -> list[str]:
    if what == _ALL:
        return list(CONTENTS)
    return [] if what == _BOUND else [what]


def _write(
    out: Path,
    name: str,
    title: str,
    made: Mapping[str, Any],
    facts: Mapping[str, str],
    console: Console,
) -> None:
    parts = {'tables': [], 'figures': [], **made}
    results = ExperimentResults(name=name, title=f'{name}: {title}', facts=facts, **parts)
    _print(results, write_experiment(out, results), console)


def _suite(arguments: Namespace) -> Suite:
    if arguments.seeds < 1 or arguments.jobs < 1:
        raise ConfigError('--seeds and --jobs', (arguments.seeds, arguments.jobs), 'at least 1')
    values = {name: getattr(arguments, f'link_{name}') for name, _, _ in settings_of(LinkConfig())}
    link = LinkConfig(**values)
    check_config(link)
    edge = checked(EdgeConfig(), parse_assignments('--edge', arguments.edge))
    cloud = checked(CloudConfig(), parse_assignments('--cloud', arguments.cloud))
    return Suite(dataset_config(arguments), edge, cloud, link)


def _jobs(
    arguments: Namespace, wanted: list[Contents], facts: Mapping[str, str]
) -> dict[str, Job]:
    jobs: dict[str, Job] = {}
    for contents in wanted:
        for key, (plan, fusers, miners) in contents.needs.items():
            jobs[key] = Job(plan, arguments.out / _CACHE, fusers, miners, facts)
    return jobs


def _print(results: ExperimentResults, folder: Path, console: Console) -> None:
    for table in results.tables:
        console.print(f'\n{table.title}', markup=False)
        console.print(table.markdown(), markup=False, soft_wrap=True)
    for name, text in results.bound.items():
        console.print(f'{name}: {text}', markup=False)
    console.print(f'{results.name}: {folder}', markup=False)
