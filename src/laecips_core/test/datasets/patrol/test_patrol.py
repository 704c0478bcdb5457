from __future__ import annotations

from dataclasses import replace
import hashlib

import numpy as np
import pytest

from laecips_core.bench import patrol as bench
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_core.errors import DataSetError
from laecips_core.values import LabelledFrame

STREAM = DataSetConfig()
SOURCE = DataSetConfig(split='source')


@pytest.fixture(scope='module')
def stream() -> list[LabelledFrame]:
    patrol = Patrol(replace(STREAM, frames=20))
    return [patrol[index] for index in range(len(patrol))]


@pytest.fixture(scope='module')
def source() -> list[LabelledFrame]:
    patrol = Patrol(replace(SOURCE, frames=12))
    return [patrol[index] for index in range(len(patrol))]


def digest(labelled: LabelledFrame) -> str:
    return hashlib.sha256(labelled.frame.image.tobytes() + labelled.labels.tobytes()).hexdigest()


def shares(frames: list[LabelledFrame]) -> np.ndarray:
    counts = [np.bincount(f.labels.ravel(), minlength=12) / f.labels.size for f in frames]
    return np.stack(counts)


def test_splits_have_their_documented_lengths() -> None:
    assert len(Patrol(STREAM)) == 300
    assert len(Patrol(SOURCE)) == 400


@pytest.mark.parametrize(('config', 'index'), [(STREAM, 0), (STREAM, 299), (SOURCE, 7)])
def test_same_index_gives_the_same_bytes_in_any_object_and_order(
    config: DataSetConfig, index: int
) -> None:
    first, second = Patrol(config), Patrol(config)
    expected = digest(first[index])
    second[100]
    assert digest(second[index]) == expected
    assert digest(first[index]) == expected


def test_frames_have_the_documented_form(stream: list[LabelledFrame]) -> None:
    for labelled in stream:
        assert labelled.frame.image.shape == (360, 480, 3)
        assert labelled.labels.max() < 12


def test_every_class_is_common_in_stream_and_source(
    stream: list[LabelledFrame], source: list[LabelledFrame]
) -> None:
    for frames in (stream, source):
        assert (shares(frames).mean(axis=0) > 0.003).all()


def test_every_frame_shows_at_least_seven_classes_of_some_size(
    stream: list[LabelledFrame], source: list[LabelledFrame]
) -> None:
    for frames in (stream, source):
        assert (shares(frames) > 0.002).sum(axis=1).min() >= 7


def test_tasks_come_in_order_and_are_equally_long(stream: list[LabelledFrame]) -> None:
    assert [labelled.task for labelled in stream] == sorted([0, 1, 2, 3, 4] * 4)


def test_source_is_one_task(source: list[LabelledFrame]) -> None:
    assert {labelled.task for labelled in source} == {0}


def test_noon_is_brightest_and_evening_and_dusk_are_darkest(stream: list[LabelledFrame]) -> None:
    noon, afternoon, haze, evening, dusk = (
        np.mean([f.frame.image.mean() for f in stream if f.task == task]) for task in range(5)
    )
    assert noon > max(afternoon, haze)
    assert min(afternoon, haze) > evening > dusk


def test_source_is_as_bright_as_noon(
    stream: list[LabelledFrame], source: list[LabelledFrame]
) -> None:
    noon = np.mean([f.frame.image.mean() for f in stream if f.task == 0])
    mild = np.mean([f.frame.image.mean() for f in source])
    assert abs(noon - mild) < 20


def test_stamps_are_those_of_the_frames_and_ten_a_second() -> None:
    patrol = Patrol(STREAM)
    assert patrol.stamp_ns(0) == 1_000_000_000
    assert patrol.stamp_ns(31) == 4_100_000_000
    assert patrol[31].frame.stamp_ns == patrol.stamp_ns(31)


def test_thinning_keeps_stamps_frames_and_task_proportions() -> None:
    full, thin = Patrol(STREAM), Patrol(replace(STREAM, frames=10))
    assert len(thin) == 10
    assert [thin.stamp_ns(i) for i in range(10)] == [full.stamp_ns(30 * i) for i in range(10)]
    assert digest(thin[4]) == digest(full[120])


def test_more_frames_than_there_are_is_refused() -> None:
    with pytest.raises(DataSetError, match='at most the 300 frames there are, got 301'):
        Patrol(replace(STREAM, frames=301))


@pytest.mark.parametrize('index', [300, -301])
def test_index_past_the_end_is_refused(index: int) -> None:
    patrol = Patrol(STREAM)
    with pytest.raises(IndexError):
        patrol[index]
    with pytest.raises(IndexError):
        patrol.stamp_ns(index)


def test_seeds_and_splits_give_other_worlds() -> None:
    configs = (STREAM, replace(STREAM, seed=1), SOURCE, replace(SOURCE, seed=1))
    frames = [Patrol(config)[0] for config in configs]
    assert len({digest(frame) for frame in frames}) == 4
    assert len({frame.labels.tobytes() for frame in frames}) == 4


def test_frame_uids_are_unique() -> None:
    uids = {Patrol(config)[i].frame.frame_uid for config in (STREAM, SOURCE) for i in (0, 1)}
    assert len(uids) == 4


def test_bench_reports_its_rate() -> None:
    assert bench.run(2)['frames_per_s'] > 0
