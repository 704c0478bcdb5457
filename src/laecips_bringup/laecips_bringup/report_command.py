"""``laecips report``: table and figures of runs that were recorded as bags."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from datetime import UTC
from pathlib import Path
import shlex

from laecips_bringup.bag_reader import BagReader
from laecips_bringup.dataset_arguments import add_truth_arguments
from laecips_bringup.dataset_arguments import dataset_config
from laecips_bringup.frame_account import format_accounts
from laecips_bringup.recorded_classes import check_classes
from laecips_bringup.recorded_run import read_run
from laecips_bringup.recorded_run import truth_of
from laecips_bringup.records import RunRecord
from laecips_bringup.replay_command import MASK_BAG
from laecips_bringup.replay_command import result_console
from laecips_bringup.report import FACT_DATA_SET
from laecips_bringup.report import FACT_MASKS
from laecips_bringup.report import write_report
from laecips_bringup.run_metrics import run_facts
from laecips_bringup.run_metrics import summary
from laecips_bringup.run_metrics import write_metrics
from laecips_bringup.run_topics import run_topics
from laecips_bringup.run_topics import RunTopics
from laecips_bringup.table import format_table
from laecips_bringup.table import row_of
from laecips_core.errors import ConfigError
from laecips_core.errors import DataSetError
from laecips_core.ports import DataSet
from laecips_core.registry import build_dataset
from laecips_core.setting import settings_of
from laecips_core.values import LabelMap

_NOT_RECORDED = 'not recorded'


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare what the command takes.

    :param parser: gets the options.
    """
    parser.add_argument('bags', type=Path, nargs='+', metavar='BAG', help='One row each.')
    parser.add_argument(
        '--out', type=Path, default=Path('out/report'), help='Folder. Default: out/report.'
    )
    parser.add_argument(
        '--name', action='append', default=[], help='Row of the next bag. Default: its folder.'
    )
    parser.add_argument(
        '--image-topic', default='',
        help='Images that were fed in, to count them. Default: the only ones not of the edge.',
    )  # fmt: skip
    parser.add_argument(
        '--truth-topic', default='', help='mono8 class ids. Default: /labels, if it is there.'
    )
    add_truth_arguments(parser)


def run(arguments: Namespace) -> int:
    """
    Print the table, write numbers and report.

    :param arguments: parsed from :func:`add_arguments`.
    :returns: exit status 0.
    :raises LaecipsError: when it cannot be done.
    """
    names = run_names(arguments.bags, arguments.name)
    dataset = _truth_set(arguments)
    bags = zip(names, arguments.bags, strict=True)
    opened = {name: _open(path, arguments, dataset) for name, path in bags}
    by_stamp = None if dataset is None else _labels_by_stamp(dataset)
    runs = [_run(bag, topics, name, by_stamp) for name, (bag, topics) in opened.items()]
    notes = [_uncounted(name) for name, (_, topics) in opened.items() if not topics.frames]
    _show(runs, notes)
    facts = _facts(arguments, dataset, notes)
    _write(arguments.out, runs, facts)
    return 0


def run_names(paths: Sequence[Path], given: Sequence[str]) -> list[str]:
    """
    Name the rows of the table.

    :param paths: of the bags.
    :param given: names in the same order, or none at all.
    :returns: what was given; else each bag's folder, or the one above a replay's bag.
    :raises ConfigError: when there are more or fewer names than bags, or two bags share one.
    """
    if given and len(given) != len(paths):
        raise ConfigError('--name', list(given), f'one name for each of {len(paths)} bags')
    own = [path.resolve() for path in paths]
    found = [path.parent.name if path.name == MASK_BAG else path.name for path in own]
    names = list(given) or found
    if len(set(names)) != len(names):
        raise ConfigError('--name', names, 'a name of its own for each bag')
    return names


def _open(
    path: Path, arguments: Namespace, dataset: DataSet | None
) -> tuple[BagReader, RunTopics]:
    bag = BagReader(path)
    topics = run_topics(bag, arguments.truth_topic, arguments.image_topic)
    check_classes(bag, topics, dataset)
    return bag, topics


def _run(
    bag: BagReader, topics: RunTopics, name: str, by_stamp: Mapping[int, LabelMap] | None
) -> RunRecord:
    truth_at = truth_of(bag, topics.truth) if by_stamp is None else by_stamp.get
    done = read_run(bag, topics, name, truth_at)
    if not done.frames:
        raise DataSetError(str(bag.path), f'at least one mask on {topics.mask}', 'none')
    if by_stamp is not None and all(frame.truth is None for frame in done.frames):
        got = f'{len(done.frames)} frames, the first at {done.frames[0].stamp_ns} ns'
        raise DataSetError(str(bag.path), 'a frame with a stamp of the data set', got)
    return done


def _truth_set(arguments: Namespace) -> DataSet | None:
    if arguments.dataset is None:
        return None
    if arguments.truth_topic:
        raise ConfigError('--truth', arguments.dataset, 'no --truth-topic beside it')
    return build_dataset(dataset_config(arguments))


def _labels_by_stamp(dataset: DataSet) -> dict[int, LabelMap]:
    items = (dataset[index] for index in range(len(dataset)))
    return {item.frame.stamp_ns: item.labels for item in items}


def _uncounted(name: str) -> str:
    why = 'the bag has no images, or those of several cameras'
    return f'{name}: {why}; frames of which the edge published nothing are not counted'


def _show(runs: Sequence[RunRecord], notes: Sequence[str]) -> None:
    console = result_console()
    console.print(format_table([row_of(done) for done in runs]), format_accounts(runs))
    for line in (*(line for done in runs for line in summary(done)), *notes):
        console.print(line, markup=False)
    if all(frame.truth is None for done in runs for frame in done.frames):
        console.print('no truth: name --truth-topic or --truth for mIoU', markup=False)


def _write(out: Path, runs: Sequence[RunRecord], facts: Mapping[str, str]) -> None:
    rows = [row_of(done) for done in runs]
    own = [{'method': done.method, **run_facts(done)} for done in runs]
    numbers = write_metrics(out, {'table': rows, 'runs': own, 'facts': dict(facts)})
    page = out / 'report.html'
    title = 'Report of ' + ', '.join(done.method for done in runs)
    write_report(page, title=title, runs=runs, rows=rows, strips=b'', classes=(), facts=facts)
    result_console().print(f'numbers: {numbers}\nreport: {page}', markup=False)


def _facts(arguments: Namespace, dataset: DataSet | None, notes: Sequence[str]) -> dict[str, str]:
    facts = {
        FACT_DATA_SET: 'recorded bags' if dataset is None else dataset.name,
        FACT_MASKS: _NOT_RECORDED,
        'bags': ', '.join(map(str, arguments.bags)),
        'machines': _NOT_RECORDED,
        'command': shlex.join(_words(arguments)),
        'report made': datetime.now(UTC).isoformat(timespec='seconds'),
    }
    return {**facts, **({'not counted': '; '.join(notes)} if notes else {})}


def _words(arguments: Namespace) -> list[str]:
    words = ['laecips', 'report', *map(str, arguments.bags)]
    words += [word for name in arguments.name for word in ('--name', name)]
    values = {'--image-topic': arguments.image_topic, '--truth-topic': arguments.truth_topic}
    if arguments.dataset is not None:
        values['--truth'] = arguments.dataset
        own = settings_of(dataset_config(arguments))
        values |= {f'--{name}': str(value) for name, value, _ in own if name != 'name' and value}
    return words + [word for option, value in values.items() if value for word in (option, value)]
