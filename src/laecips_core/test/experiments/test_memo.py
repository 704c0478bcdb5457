from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from laecips_core.errors import DataSetError
from laecips_core.experiments import memo as memo_module
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.labels.edge_labels import EdgeLabels
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet
from laecips_core.values import Prediction

IMAGE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
OTHER_IMAGE = IMAGE + np.uint8(1)
ANNOTATION = np.zeros((4, 6), np.uint8)
PREDICTION = Prediction(np.full((2, 2, 3), 0.5, np.float32), (4, 6), 'v1')


class Masks:
    """Gives two masks, and counts how often."""

    name = 'two'

    def __init__(self) -> None:
        self.asked = 0

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        self.asked += 1
        starts, lengths, owners = np.array([[0, 12], [6, 3], [0, 1]], np.int64)
        scores = np.array([1.0, 1 / 3], np.float32)
        return MaskSet(image.shape[:2], starts, lengths, owners, scores, 'two at scale 5')


class NoMasks(Masks):
    """Gives no masks."""

    name = 'none'

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        self.asked += 1
        nothing = np.zeros(0, np.int64)
        empty = nothing, nothing, nothing, np.zeros(0, np.float32)
        return MaskSet(image.shape[:2], *empty, 'none')


class Teacher:
    """Gives one softmax, and counts how often."""

    name = 'teacher:test'

    def __init__(self) -> None:
        self.asked = 0

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        self.asked += 1
        softmax = np.random.default_rng(0).random((2, 3, 5), np.float32)
        return Prediction(softmax, prediction.size_px, 'taught')


def memo(folder: Path, masks: str = 'm', labels: str = 'l') -> LargeModelMemo:
    return LargeModelMemo(folder, masks, labels)


def assert_same(one: MaskSet, other: MaskSet) -> None:
    for field in fields(MaskSet):
        value, expected = getattr(one, field.name), getattr(other, field.name)
        np.testing.assert_array_equal(value, expected, strict=isinstance(value, np.ndarray))


@pytest.mark.parametrize('kind', [Masks, NoMasks])
def test_masks_are_recalled_exactly(tmp_path: Path, kind: type[Masks]) -> None:
    first, second = kind(), kind()
    computed = memo(tmp_path).masks(first).masks(IMAGE)
    recalled = memo(tmp_path).masks(second).masks(IMAGE)
    assert (first.asked, second.asked) == (1, 0)
    assert_same(computed, first.masks(IMAGE))
    assert_same(recalled, computed)


def test_labels_are_recalled_exactly_for_the_frame_at_hand(tmp_path: Path) -> None:
    first, second = Teacher(), Teacher()
    computed = memo(tmp_path).labels(first).labels(IMAGE, PREDICTION)
    other = Prediction(PREDICTION.softmax * 0, (4, 6), 'v2')
    recalled = memo(tmp_path).labels(second).labels(IMAGE, other)
    assert (first.asked, second.asked) == (1, 0)
    np.testing.assert_array_equal(recalled.softmax, computed.softmax, strict=True)
    assert (recalled.size_px, recalled.weights_version) == ((4, 6), 'taught')


def test_another_image_annotation_or_setting_is_computed(tmp_path: Path) -> None:
    masks = Masks()
    memo(tmp_path).masks(masks).masks(IMAGE)
    memo(tmp_path).masks(masks).masks(OTHER_IMAGE)
    memo(tmp_path).masks(masks).masks(IMAGE, ANNOTATION)
    memo(tmp_path).masks(masks).masks(IMAGE, ANNOTATION + np.uint8(1))
    memo(tmp_path, masks='n').masks(masks).masks(IMAGE)
    assert masks.asked == 5
    teacher = Teacher()
    memo(tmp_path).labels(teacher).labels(IMAGE, PREDICTION)
    memo(tmp_path).labels(teacher).labels(OTHER_IMAGE, PREDICTION)
    memo(tmp_path, labels='k').labels(teacher).labels(IMAGE, PREDICTION)
    assert teacher.asked == 3


def test_parts_keep_their_names(tmp_path: Path) -> None:
    assert memo(tmp_path).masks(Masks()).name == 'two'
    assert memo(tmp_path).labels(Teacher()).name == 'teacher:test'


def test_labels_of_the_edge_pass_through(tmp_path: Path) -> None:
    source = EdgeLabels()
    assert memo(tmp_path).labels(source) is source
    assert source.labels(IMAGE, PREDICTION) is PREDICTION
    assert list(tmp_path.iterdir()) == []


def test_time_saved_is_the_time_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 12.5, 20.0, 21.0])
    monkeypatch.setattr(memo_module.time, 'perf_counter', lambda: next(clock))
    kept = memo(tmp_path)
    kept.masks(Masks()).masks(IMAGE)
    kept.labels(Teacher()).labels(IMAGE, PREDICTION)
    assert kept.take_saved_s() == 0.0
    kept.masks(Masks()).masks(IMAGE)
    kept.labels(Teacher()).labels(IMAGE, PREDICTION)
    assert kept.take_saved_s() == 3.5
    assert kept.take_saved_s() == 0.0


@pytest.mark.parametrize('kept', [0, 10, 0.5, 0.99])
def test_a_damaged_answer_is_refused_by_name(tmp_path: Path, kept: float) -> None:
    memo(tmp_path).masks(Masks()).masks(IMAGE)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: round(kept * len(whole)) if kept < 1 else int(kept)])
    match = rf'{path.name}: expected a remembered answer, got .*; delete it'
    with pytest.raises(DataSetError, match=match):
        memo(tmp_path).masks(Masks()).masks(IMAGE)


def test_an_answer_of_another_form_is_refused(tmp_path: Path) -> None:
    memo(tmp_path).masks(Masks()).masks(IMAGE)
    (path,) = tmp_path.iterdir()
    with path.open('wb') as file:
        np.savez(file, starts=np.zeros(1))
    with pytest.raises(DataSetError, match='a remembered answer'):
        memo(tmp_path).masks(Masks()).masks(IMAGE)


def test_bits_that_changed_are_noticed(tmp_path: Path) -> None:
    memo(tmp_path).labels(Teacher()).labels(IMAGE, PREDICTION)
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    place = data.index(b'softmax.npy') + 200
    data[place] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataSetError, match='a remembered answer'):
        memo(tmp_path).labels(Teacher()).labels(IMAGE, PREDICTION)
