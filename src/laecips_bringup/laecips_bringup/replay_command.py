"""``laecips replay``: a data set or a bag through the running nodes."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import ExitStack
import os
from pathlib import Path
import shutil
import sys
import tempfile

from rich.console import Console

from laecips_bringup.bag_writer import BagWriter
from laecips_bringup.bag_writer import remove_bag
from laecips_bringup.dataset_arguments import add_bag_arguments
from laecips_bringup.dataset_arguments import add_dataset_arguments
from laecips_bringup.dataset_arguments import open_stream
from laecips_bringup.frame_account import format_accounts
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.node_settings import parse_assignments
from laecips_bringup.node_settings import read_params_file
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.records import RunRecord
from laecips_bringup.replay import NoMaskError
from laecips_bringup.replay import replay
from laecips_bringup.replay import ReplayOptions
from laecips_bringup.replay_progress import ReplayProgress
from laecips_bringup.ros_domain import private_domain
from laecips_bringup.run_metrics import metrics_of
from laecips_bringup.run_metrics import one_mask_each
from laecips_bringup.run_metrics import summary
from laecips_bringup.run_metrics import write_metrics
from laecips_bringup.run_recorder import RunRecorder
from laecips_bringup.stream import Stream
from laecips_bringup.table import format_table
from laecips_bringup.table import row_of
from laecips_core.errors import ConfigError

MASK_BAG = 'masks'

_FILE_COLUMNS = 110


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare what the command takes.

    :param parser: gets the options.
    """
    add_dataset_arguments(parser)
    add_bag_arguments(parser)
    parser.add_argument(
        '--rate', type=float, default=0.0, metavar='HZ',
        help='Frames a second; 0, the default: lockstep, each frame waits for its mask and for '
        'the training it set off.',
    )  # fmt: skip
    parser.add_argument('--method', default='LAECIPS', help='Row of the table. Default: LAECIPS.')
    parser.add_argument(
        '--out', type=Path, help='Folder for metrics.json and for a bag of all that comes.'
    )
    group = parser.add_argument_group('nodes')
    group.add_argument(
        '--start-nodes', action='store_true', help='Start both nodes here, and end them after.'
    )
    for node in ('edge', 'cloud'):
        group.add_argument(
            f'--{node}-params', type=Path, metavar='FILE', help=f'ROS parameter file of {node}.'
        )
        group.add_argument(
            f'--{node}', action='append', default=[], metavar='KEY=VALUE',
            help=f'Setting of {node}, such as '
            + ('miner.threshold=0.4.' if node == 'edge' else 'update.rule=none.'),
        )  # fmt: skip


def run(arguments: Namespace) -> int:
    """
    Replay, print the table, write what was asked for.

    :param arguments: parsed from :func:`add_arguments`.
    :returns: exit status: 1 when, in lockstep, a frame has not exactly one mask.
    :raises LaecipsError: when it cannot be done.
    """
    options = ReplayOptions(arguments.method, rate_hz=arguments.rate)
    stream = open_stream(arguments)
    try:
        with _nodes(arguments) as processes:
            done = watched_replay(stream, options, processes, arguments.out)
    except NoMaskError as error:
        print(f'laecips: {error}', file=sys.stderr)
        return 1
    rows = [row_of(done)]
    console = result_console()
    console.print(format_table(rows), format_accounts([done]))
    for line in summary(done):
        console.print(line, markup=False)
    if arguments.out is not None:
        path = write_metrics(arguments.out, metrics_of(rows, done))
        bag = arguments.out / MASK_BAG
        console.print(f'numbers: {path}\nmasks and reports: {bag}', markup=False)
    return 0 if options.rate_hz or one_mask_each(done) else 1


def result_console() -> Console:
    """Give the console for results; wide enough for the table where there is no terminal."""
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console.width = _FILE_COLUMNS
    return console


def watched_replay(
    stream: Stream,
    options: ReplayOptions,
    processes: NodeProcesses | None,
    folder: Path | None = None,
) -> RunRecord:
    """
    Replay with a progress line on the terminal.

    :param stream: frames.
    :param options: how.
    :param processes: the nodes; None: someone else runs them.
    :param folder: gets a bag of all that comes, also when the replay ends early; an older one
        there is replaced. None: no bag.
    :raises LaecipsError: as :func:`laecips_bringup.replay.replay`.
    """
    classes = None if stream.catalogue is None else len(stream.catalogue)
    with ExitStack() as stack:
        recorder = None
        if folder is not None:
            remove_bag(folder / MASK_BAG)
            recorder = RunRecorder(stack.enter_context(BagWriter(folder / MASK_BAG)))
        progress = stack.enter_context(ReplayProgress(options.method, len(stream), classes))
        return replay(stream, options, processes, progress.add, recorder)


@contextmanager
def _nodes(arguments: Namespace) -> Iterator[NodeProcesses | None]:
    if not arguments.start_nodes:
        for name in ('edge_params', 'cloud_params', 'edge', 'cloud'):
            if getattr(arguments, name):
                option = '--' + name.replace('_', '-')
                raise ConfigError(option, getattr(arguments, name), '--start-nodes beside it')
        yield None
        return
    programs = [
        cloud_program(_settings(arguments.cloud_params, arguments.cloud, 'cloud')),
        edge_program(_settings(arguments.edge_params, arguments.edge, 'edge')),
    ]
    with ExitStack() as stack:
        folder = (
            arguments.out / 'logs' if arguments.out else Path(tempfile.mkdtemp(prefix='laecips-'))
        )
        stack.enter_context(private_domain(os.getpid()))
        yield stack.enter_context(NodeProcesses(programs, folder))
    # Not reached after an error, whose text sends the reader to the logs.
    if arguments.out is None:
        shutil.rmtree(folder)


def _settings(file: Path | None, assignments: list[str], node: str) -> dict[str, object]:
    values = {} if file is None else read_params_file(file, node)
    return {**values, **parse_assignments(f'--{node}', assignments)}
