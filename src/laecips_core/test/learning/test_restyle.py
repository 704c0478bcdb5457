from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.learning.restyle import restyled
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import LabelledFrame


def image(seed: int, darkness: int = 1, size_px: tuple[int, int] = (8, 10)) -> Image:
    values = np.random.default_rng(seed).integers(0, 256, (*size_px, 3))
    return (values // darkness).astype(np.uint8)


def source(count: int) -> list[LabelledFrame]:
    rng = np.random.default_rng(9)
    return [
        LabelledFrame(
            Frame(image(k), 10 * k, f'dog/{k}'), rng.integers(0, 3, (8, 10), np.uint8), task=k
        )
        for k in range(count)
    ]


def specified(values: NDArray[np.uint8], target: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give each value the smallest target value that as large a share of the target reaches."""
    made = np.empty_like(values)
    for place in np.ndindex(values.shape):
        share = np.count_nonzero(values <= values[place]) / values.size
        reached = [np.count_nonzero(target <= v) / target.size for v in range(256)]
        made[place] = next(v for v in range(256) if reached[v] >= share - 1e-9)
    return made


def reference(given: Image, recent: Image) -> Image:
    lab, target = (cv2.cvtColor(i, cv2.COLOR_RGB2LAB) for i in (given, recent))
    planes = [specified(lab[..., c], target[..., c]) for c in range(3)]
    return np.asarray(cv2.cvtColor(np.stack(planes, axis=-1), cv2.COLOR_LAB2RGB))


def test_it_is_histogram_specification_in_lab() -> None:
    recent = image(5, darkness=3, size_px=(6, 7))
    (made,) = restyled(source(1), [recent])
    np.testing.assert_array_equal(made.frame.image, reference(image(0), recent))


def test_a_frame_of_one_colour_takes_the_brightest_of_the_recent() -> None:
    flat = LabelledFrame(
        Frame(np.full((2, 2, 3), 200, np.uint8), 0, 'a'), np.zeros((2, 2), np.uint8)
    )
    recent = np.zeros((2, 2, 3), np.uint8)
    recent[0, 0] = 50
    (made,) = restyled([flat], [recent])
    assert (made.frame.image == 50).all()


def test_its_own_colours_leave_a_frame_as_it_is() -> None:
    (item,) = source(1)
    (made,) = restyled([item], [item.frame.image])
    lab = cv2.cvtColor(item.frame.image, cv2.COLOR_RGB2LAB)
    np.testing.assert_array_equal(made.frame.image, cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def test_frames_take_the_recent_ones_in_turn() -> None:
    recent = [image(5, darkness=4), image(6, darkness=2)]
    made = restyled(source(5), recent)
    for number, item in enumerate(made):
        alone = restyled([source(5)[number]], [recent[number % 2]])
        np.testing.assert_array_equal(item.frame.image, alone[0].frame.image)
    assert len(made) == 5


def test_labels_stamp_identity_and_task_stay() -> None:
    given = source(3)
    made = restyled(given, [image(5, darkness=4)])
    for old, new in zip(given, made, strict=True):
        assert new.labels is old.labels
        assert (new.frame.stamp_ns, new.frame.frame_uid) == (
            old.frame.stamp_ns,
            old.frame.frame_uid,
        )
        assert (new.task, new.frame.size_px) == (old.task, old.frame.size_px)


def test_the_given_images_stay_as_they_are() -> None:
    given, recent = source(2), image(5, darkness=4)
    restyled(given, [recent])
    np.testing.assert_array_equal(given[1].frame.image, image(1))
    np.testing.assert_array_equal(recent, image(5, darkness=4))


def test_the_same_frames_give_the_same_bits() -> None:
    first, again = (restyled(source(2), [image(5, darkness=4)]) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.frame.image, other.frame.image)


def test_without_recent_frames_there_are_none() -> None:
    assert restyled(source(3), []) == []


def test_without_source_frames_there_are_none() -> None:
    assert restyled([], [image(5)]) == []
