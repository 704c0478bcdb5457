from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from laecips_bringup.bag_files import BagError
from laecips_bringup.bag_reader import BagReader
from laecips_bringup.frame_account import account_of
from laecips_bringup.recorded_run import read_run
from laecips_bringup.recorded_run import truth_of
from laecips_bringup.records import RunRecord
from laecips_bringup.run_topics import run_topics
from laecips_core.errors import ImageError
from laecips_core.values import Source

MASK = np.array([[0, 1], [1, 0]], np.uint8)
CAMERA = np.zeros((2, 2, 3), np.uint8)


def report(bags: Any, stamp_ns: int, source: Source = Source.EDGE, **changes: object) -> Any:
    facts: dict[str, object] = {
        'header': bags.header(stamp_ns), 'frame_uid': f'robot/{stamp_ns}', 'source': int(source),
        'refined': False, 'fallback_reason': '', 'hard': source is not Source.EDGE,
        'confidence': 0.25, 'threshold': 0.5, 'miner': 'spp', 'weights_version': 'v1',
        'mask_confidence': 0.75, 'edge_s': 0.125, 'cloud_s': 0.5, 'cloud_compute_s': 0.25,
        'total_s': 0.625, 'bytes_up': 2000, 'bytes_down': 300, 'training_round': 0,
    }  # fmt: skip
    return bags.make('laecips_msgs/msg/Report', *{**facts, **changes}.values())


def mask(bags: Any, stamp_ns: int) -> Any:
    return bags.image(stamp_ns, MASK, 'mono8')


def version(bags: Any, name: str, size_bytes: int) -> Any:
    texts = ('', '', 'whole', '')
    facts = ('fast_scnn', name, *texts, size_bytes, '', 0, 0, np.zeros(0, np.uint8))
    return bags.make('laecips_msgs/msg/ModelVersion', *facts)


def counts(bags: Any, **values: int) -> Any:
    pairs = [
        bags.make('diagnostic_msgs/msg/KeyValue', key.replace('__', '.'), str(value))
        for key, value in values.items()
    ]
    status = bags.make('diagnostic_msgs/msg/DiagnosticStatus', 0, 'edge', '', '', pairs)
    return bags.make('diagnostic_msgs/msg/DiagnosticArray', bags.header(0), [status])


def read(path: Path, truth: str = '', images: str = '') -> RunRecord:
    bag = BagReader(path)
    topics = run_topics(bag, truth, images)
    return read_run(bag, topics, 'ROBOT', truth_of(bag, topics.truth))


@pytest.fixture
def robot(bags: Any) -> list[tuple[str, int, Any]]:
    """Four frames of a robot: easy, fused, superseded, fallen back; a release after the second."""
    messages: list[tuple[str, int, Any]] = [
        ('/edge/model_version', 1, version(bags, 'v1', 900)),
        ('/diagnostics', 2, counts(bags, offered=7, drops__superseded=3)),
    ]
    messages += [('/camera/image_raw', 10 * i, bags.image(i, CAMERA)) for i in range(1, 5)]
    for i, source in ((1, Source.EDGE), (2, Source.FUSED), (4, Source.EDGE_FALLBACK)):
        reason = 'deadline' if source is Source.EDGE_FALLBACK else ''
        messages.append(('/edge/mask', 10 * i + 1, mask(bags, i)))
        messages.append(
            ('/edge/report', 10 * i + 2, report(bags, i, source, fallback_reason=reason))
        )
    news = bags.make('laecips_msgs/msg/TrainingRound', 1, 1, 16, 'v2', 'better', 1.5)
    messages.append(('/cloud/training_round', 25, news))
    messages.append(('/edge/model_version', 26, version(bags, 'v2', 300)))
    messages.append(('/diagnostics', 50, counts(bags, offered=11, drops__superseded=4)))
    return sorted(messages, key=lambda message: message[1])


def write(bags: Any, path: Path, messages: Iterable[tuple[str, int, Any]]) -> Path:
    return bags.write(path / 'bag', messages)


def test_every_frame_of_a_robot_is_counted(
    bags: Any, robot: list[tuple[str, int, Any]], tmp_path: Path
) -> None:
    account = account_of(read(write(bags, tmp_path, robot)))
    assert account.total == 4
    assert account.answered == {'EDGE': 1, 'FUSED': 1, 'EDGE_FALLBACK': 1, 'NOT_REPORTED': 0}
    assert account.fallbacks == {'deadline': 1}
    assert (account.dropped, account.failed) == ({'superseded': 1}, {})


def test_masks_rounds_and_updates_are_read(
    bags: Any, robot: list[tuple[str, int, Any]], tmp_path: Path
) -> None:
    run = read(write(bags, tmp_path, robot))
    assert (run.method, run.masks_received, run.update_bytes) == ('ROBOT', 3, 300)
    (done,) = run.rounds
    assert (done.number, done.state, done.version, done.after_frame) == (1, 'RELEASED', 'v2', 1)
    second = run.frames[1]
    assert (second.stamp_ns, second.source, second.latency_s) == (2, Source.FUSED, 0.625)
    assert (second.bytes_up, second.bytes_down, second.cloud_s) == (2000, 300, 0.5)
    np.testing.assert_array_equal(second.mask, MASK)


def test_truth_is_found_by_stamp_wherever_it_lies(
    bags: Any, robot: list[tuple[str, int, Any]], tmp_path: Path
) -> None:
    robot.append(('/truth', 60, bags.image(2, MASK, 'mono8')))
    run = read(write(bags, tmp_path, robot), truth='/truth')
    assert [frame.truth is not None for frame in run.frames] == [False, True, False, False]


def test_without_images_only_answered_frames_are_known(
    bags: Any, robot: list[tuple[str, int, Any]], tmp_path: Path
) -> None:
    bare = [message for message in robot if message[0] != '/camera/image_raw']
    path = write(bags, tmp_path, bare)
    assert run_topics(BagReader(path)).frames == ''
    assert [frame.stamp_ns for frame in read(path).frames] == [1, 2, 4]


def test_of_several_cameras_one_is_chosen_by_name(
    bags: Any, robot: list[tuple[str, int, Any]], tmp_path: Path
) -> None:
    path = write(bags, tmp_path, [*robot, ('/rear', 70, bags.image(9, CAMERA))])
    assert run_topics(BagReader(path)).frames == ''
    assert len(read(path, images='/camera/image_raw').frames) == 4


def test_edge_in_a_namespace_is_found(bags: Any, tmp_path: Path) -> None:
    messages = [
        ('/robot1/edge/mask', 1, mask(bags, 1)),
        ('/robot1/edge/report', 2, report(bags, 1)),
    ]
    path = write(bags, tmp_path, messages)
    assert run_topics(BagReader(path)).edge == '/robot1/edge'
    assert account_of(read(path)).answered['EDGE'] == 1


def test_refined_reports_are_not_answers(bags: Any, tmp_path: Path) -> None:
    refined = report(bags, 1, Source.FUSED, refined=True)
    messages = [
        ('/edge/mask', 1, mask(bags, 1)),
        ('/edge/report', 2, report(bags, 1)),
        ('/edge/report', 3, refined),
    ]
    (frame,) = read(write(bags, tmp_path, messages)).frames
    assert frame.source is Source.EDGE


@pytest.mark.parametrize('missing', ['/edge/mask', '/edge/report'])
def test_missing_topic_says_what_to_record(
    bags: Any, robot: list[tuple[str, int, Any]], tmp_path: Path, missing: str
) -> None:
    path = write(bags, tmp_path, [message for message in robot if message[0] != missing])
    with pytest.raises(
        BagError, match=r'record /edge/mask /edge/report /edge/model_version .* with'
    ):
        read(path)


def test_two_robots_in_one_bag_are_named(bags: Any, tmp_path: Path) -> None:
    messages = [
        (f'/{name}/edge/{topic}', 1, make(bags, 1))
        for name in ('a', 'b')
        for topic, make in (('mask', mask), ('report', report))
    ]
    with pytest.raises(BagError, match='got /a/edge/report, /b/edge/report'):
        read(write(bags, tmp_path, messages))


def test_mask_that_is_none_ends_the_reading(bags: Any, tmp_path: Path) -> None:
    messages = [('/edge/mask', 1, bags.image(1, CAMERA)), ('/edge/report', 2, report(bags, 1))]
    with pytest.raises(ImageError, match="expected one of mono8, got 'rgb8'"):
        read(write(bags, tmp_path, messages))
