"""``laecips demo``: the whole loop on one machine, on a simulated stream."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from datetime import UTC
import os
from pathlib import Path
import shlex

from rich.console import Console

from laecips_bringup.bench_command import machine_facts
from laecips_bringup.demo_models import add_model_arguments
from laecips_bringup.demo_models import chosen_models
from laecips_bringup.demo_models import chosen_words
from laecips_bringup.demo_models import DemoModels
from laecips_bringup.demo_settings import CLOUD_SETTINGS
from laecips_bringup.demo_settings import EDGE_SETTINGS
from laecips_bringup.demo_settings import METHODS
from laecips_bringup.frame_account import format_accounts
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.records import RunRecord
from laecips_bringup.replay import ReplayOptions
from laecips_bringup.replay_command import MASK_BAG
from laecips_bringup.replay_command import result_console
from laecips_bringup.replay_command import watched_replay
from laecips_bringup.report import FACT_DATA_SET
from laecips_bringup.report import FACT_MASKS
from laecips_bringup.report import write_report
from laecips_bringup.ros_domain import private_domain
from laecips_bringup.run_metrics import metrics_of
from laecips_bringup.run_metrics import one_mask_each
from laecips_bringup.run_metrics import summary
from laecips_bringup.run_metrics import write_metrics
from laecips_bringup.start_vs_end import format_comparison
from laecips_bringup.start_vs_end import versions_of
from laecips_bringup.stream import DataSetStream
from laecips_bringup.strips import strips
from laecips_bringup.table import format_table
from laecips_bringup.table import row_of
from laecips_bringup.view_beside import live_page
from laecips_bringup.view_beside import unwatched
from laecips_bringup.view_beside import Watch
from laecips_bringup.view_settings import DEFAULT_PORT
from laecips_core.config import CloudConfig
from laecips_core.config import DataSetConfig
from laecips_core.ports import DataSet
from laecips_core.registry import build_dataset
from laecips_core.registry import build_mask_generator
from laecips_core.setting import replace_settings
from laecips_core.weights.files import SUFFIX

_SIMULATED = (
    'The frames are simulated: a robot dog walks through a small drawn world that drifts away\n'
    'from what its edge model was trained on. The nodes, the messages and the training are real.'
)
_TRAINED = 'LAECIPS'
_STORE = 'weights'
_START = 'start'
_STREAM = {'name': 'patrol', 'split': 'stream'}


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare what the command takes.

    :param parser: gets the options.
    """
    parser.add_argument('--frames', type=int, default=200, help='Frames a run. Default: 200.')
    parser.add_argument(
        '--out', type=Path, default=Path('out/demo'), help='Folder. Default: out/demo.'
    )
    parser.add_argument('--seed', type=int, default=0, help='Of world and training. Default: 0.')
    parser.add_argument('--skip-report', action='store_true', help='Write no report.')
    parser.add_argument(
        '--view', nargs='?', type=int, const=DEFAULT_PORT, metavar='PORT',
        help=f'Show it live in a browser, from a port of this machine; {DEFAULT_PORT} if none is '
        'given.',
    )  # fmt: skip
    add_model_arguments(parser)


def run(arguments: Namespace) -> int:
    """
    Run the three methods, print the table, write numbers, masks and report.

    :param arguments: parsed from :func:`add_arguments`.
    :returns: exit status: 1 when a frame of any run has not exactly one mask.
    :raises LaecipsError: when it cannot be done.
    """
    console = result_console()
    console.print(_SIMULATED, markup=False)
    out: Path = arguments.out
    values = {**_STREAM, 'frames': arguments.frames, 'seed': arguments.seed}
    dataset = build_dataset(replace_settings(DataSetConfig(), values))
    models = chosen_models(arguments, out / _START, console)
    forget_weights(out / _STORE)
    with ExitStack() as stack:
        watch: Watch = unwatched
        if arguments.view is not None:
            watch = stack.enter_context(live_page(arguments.view, console.print))
        seed = arguments.seed
        runs = [_run_method(method, dataset, models, out, seed, watch) for method in METHODS]
    rows = [row_of(done) for done in runs]
    console.print(format_table(rows), format_accounts(runs))
    for done in runs:
        console.print('\n'.join(summary(done)), markup=False)
    facts = _facts(arguments)
    made = _write(out, runs, rows, dataset, models, facts, console)
    if not arguments.skip_report:
        made['report'] = _report(out, runs, rows, dataset, models, facts)
    for name, path in made.items():
        console.print(f'{name}: {path}', markup=False)
    return 0 if all(one_mask_each(done) for done in runs) else 1


def _run_method(
    method: str, dataset: DataSet, models: DemoModels, out: Path, seed: int, watch: Watch
) -> RunRecord:
    cloud = {**CLOUD_SETTINGS[method], **models.cloud, 'update.seed': seed}
    if method == _TRAINED:
        cloud['store'] = str((out / _STORE).resolve())
    programs = [cloud_program(cloud), edge_program({**EDGE_SETTINGS[method], **models.edge})]
    logs = out / 'logs' / method.lower()
    with (
        private_domain(os.getpid()),
        watch(method),
        NodeProcesses(programs, logs) as processes,
    ):
        recorded = out if method == _TRAINED else None
        return watched_replay(DataSetStream(dataset), ReplayOptions(method), processes, recorded)


def forget_weights(store: Path) -> None:
    """
    Remove an older demo's weights and samples.

    The cloud would go on from them, and train on no frame that it has had before.

    :param store: folder of the cloud; nothing else in it is touched.
    """
    if store.exists():
        for pattern in (f'*{SUFFIX}', 'NEWEST', 'samples.sqlite*'):
            for path in store.glob(pattern):
                path.unlink()


def _write(
    out: Path,
    runs: Sequence[RunRecord],
    rows: Sequence[Mapping[str, object]],
    dataset: DataSet,
    models: DemoModels,
    facts: Mapping[str, str],
    console: Console,
) -> dict[str, Path]:
    (trained,) = [done for done in runs if done.method == _TRAINED]
    console.print('comparing the first and the last weights of the edge model ...')
    source = build_dataset(CloudConfig().source)
    compared = versions_of(trained, out / _STORE, models.edge).compare(dataset, source)
    console.print(format_comparison(compared))
    more = {'start_vs_end': compared, 'simulated': True, 'facts': dict(facts)}
    return {
        'numbers': write_metrics(out, metrics_of(rows, trained, more)),
        f'masks and reports of {_TRAINED}': out / MASK_BAG,
        'released weights': out / _STORE,
        'logs of the nodes': out / 'logs',
    }


def _report(
    out: Path,
    runs: Sequence[RunRecord],
    rows: Sequence[dict[str, object]],
    dataset: DataSet,
    models: DemoModels,
    facts: Mapping[str, str],
) -> Path:
    path = out / 'report.html'
    pictures = strips(runs, dataset, build_mask_generator(models.masks))
    write_report(
        path,
        title='LAECIPS demo',
        runs=runs,
        rows=rows,
        strips=pictures,
        classes=dataset.catalogue.names,
        facts=facts,
    )
    return path


def _facts(arguments: Namespace) -> dict[str, str]:
    words = ['laecips', 'demo', '--frames', str(arguments.frames), '--seed', str(arguments.seed)]
    words += chosen_words(arguments)
    machine = {name: str(fact) for name, fact in machine_facts().items()}
    return {
        FACT_DATA_SET: _STREAM['name'],
        FACT_MASKS: arguments.mask_generator,
        'command': shlex.join(words),
        'frames': str(arguments.frames),
        'seed': str(arguments.seed),
        'date': datetime.now(UTC).isoformat(timespec='seconds'),
        **machine,
    }
