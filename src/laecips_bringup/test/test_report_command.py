from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from laecips_bringup.cli import main
from laecips_bringup.report_command import run_names
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_core.errors import ConfigError

FRAMES = 3
CAMERA = np.zeros((360, 480, 3), np.uint8)


@pytest.fixture(scope='module')
def walk() -> Patrol:
    return Patrol(DataSetConfig(frames=FRAMES))


def robot_bag(bags: Any, walk: Patrol, path: Path, classes: tuple[str, ...] = ()) -> Path:
    """Three frames, two perfect masks, one drop; no labels."""
    messages = []
    if classes:
        colours = np.zeros(3 * len(classes), np.uint8)
        info = bags.make('laecips_msgs/msg/LabelInfo', bags.header(0), list(classes), colours, '')
        messages.append(('/edge/label_info', 0, info))
    for index in range(FRAMES):
        item = walk[index]
        stamp_ns = item.frame.stamp_ns
        messages.append(('/camera', stamp_ns, bags.image(stamp_ns, CAMERA)))
        if index != 1:
            facts = (f'robot/{index}', 0, False, '', False, 0.75, 0.5, 'spp', 'v1', 0.5)
            costs = (0.125, 0.0, 0.0, 0.25, 0, 0, 0)
            report = bags.make('laecips_msgs/msg/Report', bags.header(stamp_ns), *facts, *costs)
            mask = bags.image(stamp_ns, item.labels, 'mono8')
            messages += [('/edge/mask', stamp_ns, mask), ('/edge/report', stamp_ns, report)]
    return bags.write(path, messages)


def numbers(out: Path) -> dict[str, Any]:
    return json.loads((out / 'metrics.json').read_text())


def test_bag_of_a_robot_becomes_table_and_page(
    bags: Any, walk: Patrol, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = robot_bag(bags, walk, tmp_path / 'monday')
    out = tmp_path / 'out'
    assert main(['report', str(bag), '--out', str(out)]) == 0
    text = capsys.readouterr().out
    assert 'no truth: name --truth-topic or --truth for mIoU' in text
    assert f'report: {out}/report.html' in text
    metrics = numbers(out)
    (row,) = metrics['table']
    assert (row['method'], row['miou'], row['latency_p50_s']) == ('monday', None, 0.25)
    (run,) = metrics['runs']
    assert run['account'] == {
        'total': 3,
        'answered': {'EDGE': 2, 'FUSED': 0, 'EDGE_FALLBACK': 0, 'NOT_REPORTED': 0},
        'fallback_reasons': {},
        'dropped': {'not_answered': 1},
        'failed': {},
    }
    page = (out / 'report.html').read_text()
    assert 'There is no annotation, so there is no mIoU' in page
    assert '<td>dropped</td><td>not_answered</td><td>1</td>' in page


def test_truth_comes_from_a_data_set_by_stamp(bags: Any, walk: Patrol, tmp_path: Path) -> None:
    bag = robot_bag(bags, walk, tmp_path / 'monday', walk.catalogue.names)
    words = ['report', str(bag), '--truth', 'patrol', '--frames', str(FRAMES)]
    assert main([*words, '--out', str(tmp_path / 'out')]) == 0
    (row,) = numbers(tmp_path / 'out')['table']
    assert (row['miou'], row['miou_dataset']) == (1.0, 1.0)
    command = f'laecips report {bag} --truth patrol --split stream --frames {FRAMES}'
    assert numbers(tmp_path / 'out')['facts']['command'] == command
    assert 'simulated' in (tmp_path / 'out' / 'report.html').read_text()


def test_several_bags_are_several_rows(bags: Any, walk: Patrol, tmp_path: Path) -> None:
    paths = [str(robot_bag(bags, walk, tmp_path / day)) for day in ('monday', 'tuesday')]
    words = ['--name', 'EDGE', '--name', 'LAECIPS', '--out', str(tmp_path / 'out')]
    assert main(['report', *paths, *words]) == 0
    assert [row['method'] for row in numbers(tmp_path / 'out')['table']] == ['EDGE', 'LAECIPS']


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (['--truth', 'patrol', '--seed', '1', '--frames', '0'], 'the classes of patrol'),
        (['--truth', 'patrol', '--truth-topic', '/labels'], 'expected no --truth-topic'),
        (['--truth', 'nothing'], 'expected one of'),
        (['--truth-topic', '/labels'], 'expected /labels of type sensor_msgs/msg/Image'),
        (['--image-topic', '/cam'], 'expected /cam of type'),
    ],
)
def test_what_does_not_fit_is_an_error(
    bags: Any,
    walk: Patrol,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    text: str,
) -> None:
    bag = robot_bag(bags, walk, tmp_path / 'monday', classes=('road', 'tree'))
    assert main(['report', str(bag), *words, '--out', str(tmp_path / 'out')]) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_data_set_of_other_stamps_is_an_error(
    bags: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = bags.image(7, np.zeros((2, 2), np.uint8), 'mono8')
    facts = ('robot/7', 0, False, '', False, 0.75, 0.5, 'spp', 'v1', 0.5, 0, 0, 0, 0, 0, 0, 0)
    report = bags.make('laecips_msgs/msg/Report', bags.header(7), *facts)
    bag = bags.write(tmp_path / 'bag', [('/edge/mask', 7, mask), ('/edge/report', 7, report)])
    words = ['report', str(bag), '--truth', 'patrol', '--frames', '2']
    assert main([*words, '--out', str(tmp_path / 'out')]) == 2
    text = 'expected a frame with a stamp of the data set, got 1 frames, the first at 7 ns'
    assert text in capsys.readouterr().err


def test_bag_of_something_else_says_what_to_record(
    bags: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = bags.write(tmp_path / 'bag', [('/where', 1, bags.header(1))])
    assert main(['report', str(bag)]) == 2
    assert 'record /edge/mask /edge/report' in capsys.readouterr().err


def test_rows_are_named_after_bags_and_replays() -> None:
    assert run_names([Path('a/monday'), Path('out/camvid/masks')], []) == ['monday', 'camvid']
    assert run_names([Path('a'), Path('b')], ['x', 'y']) == ['x', 'y']


@pytest.mark.parametrize(
    ('paths', 'given', 'text'),
    [
        ([Path('a/x'), Path('b/x')], [], 'a name of its own for each bag'),
        ([Path('a')], ['x', 'y'], 'one name for each of 1 bags'),
    ],
)
def test_rows_that_cannot_be_told_apart_are_refused(
    paths: list[Path], given: list[str], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        run_names(paths, given)
