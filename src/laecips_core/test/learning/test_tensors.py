from __future__ import annotations

import numpy as np
import pytest
import torch

from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import joined
from laecips_core.learning.tensors import sample_set
from laecips_core.learning.tensors import source_set
from laecips_core.learning.tensors import training_set
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
LABELS = np.arange(16, dtype=np.uint8).reshape(4, 4)


def test_images_are_averaged_and_labels_are_picked() -> None:
    data = training_set([IMAGE], [LABELS], (2, 2))
    averaged = IMAGE.reshape(2, 2, 2, 2, 3).mean(axis=(1, 3))
    assert (data.images.dtype, data.labels.dtype) == (torch.uint8, torch.uint8)
    assert (data.images.shape, data.labels.shape) == ((1, 3, 2, 2), (1, 2, 2))
    np.testing.assert_allclose(data.images[0].permute(1, 2, 0).numpy(), averaged, atol=0.5)
    assert data.labels[0].tolist() == [[5, 7], [13, 15]]


def test_labels_are_picked_at_the_centre() -> None:
    line = np.arange(12, dtype=np.uint8).reshape(1, 12)
    data = training_set([np.zeros((1, 12, 3), np.uint8)], [line], (1, 4))
    assert data.labels[0].tolist() == [[1, 4, 7, 10]]


def test_labels_of_the_input_size_stay_as_they_are() -> None:
    data = training_set([IMAGE], [LABELS], (4, 4))
    np.testing.assert_array_equal(data.labels[0].numpy(), LABELS)
    np.testing.assert_array_equal(data.images[0].permute(1, 2, 0).numpy(), IMAGE)


def test_a_batch_is_what_a_network_wants() -> None:
    data = training_set([IMAGE, IMAGE // 2], [LABELS, LABELS // 2], (4, 4))
    images, labels = data.batch(torch.tensor([1, 0, 1]))
    assert (len(data), images.dtype, labels.dtype) == (2, torch.float32, torch.int64)
    assert images.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(images[0].permute(1, 2, 0).numpy(), IMAGE // 2)
    np.testing.assert_array_equal(labels[1].numpy(), LABELS)


def test_a_part_is_a_set_of_the_chosen_frames() -> None:
    data = training_set(
        [IMAGE, IMAGE // 2, IMAGE // 4], [LABELS, LABELS // 2, LABELS // 4], (4, 4)
    )
    part = data.part(torch.tensor([2, 0]))
    assert len(part) == 2
    assert torch.equal(part.images, torch.stack([data.images[2], data.images[0]]))
    assert torch.equal(part.labels, torch.stack([data.labels[2], data.labels[0]]))
    assert (part.images.dtype, part.labels.dtype) == (torch.uint8, torch.uint8)


def test_no_rows_give_an_empty_part() -> None:
    part = training_set([IMAGE], [LABELS], (4, 4)).part(torch.tensor([], dtype=torch.int64))
    assert (len(part), part.images.shape[1:]) == (0, (3, 4, 4))


def test_joined_sets_stand_one_after_the_other() -> None:
    first = training_set([IMAGE, IMAGE // 2], [LABELS, LABELS // 2], (4, 4))
    second = training_set([IMAGE // 4], [LABELS // 4], (4, 4))
    both = joined([second, first])
    assert torch.equal(both.images, torch.cat([second.images, first.images]))
    assert torch.equal(both.labels, torch.cat([second.labels, first.labels]))
    assert torch.equal(joined([first]).images, first.images)


def test_annotated_frames_become_a_set() -> None:
    source = LabelledFrame(Frame(IMAGE, 0, 'a'), LABELS)
    data = source_set([source, source], (4, 4))
    assert len(data) == 2
    np.testing.assert_array_equal(data.labels[1].numpy(), LABELS)


@pytest.mark.parametrize(
    ('least', 'expected'), [(0, [0, 1, 2, 3]), (128, [255, 255, 2, 3]), (255, [255, 255, 255, 3])]
)
def test_pixels_of_low_confidence_become_unlabelled(least: int, expected: list[int]) -> None:
    labels, confidence = (np.array([row], np.uint8) for row in ([0, 1, 2, 3], [0, 127, 128, 255]))
    frame = Frame(np.zeros((1, 4, 3), np.uint8), 0, 'a')
    sample = Sample(frame, Segmentation(labels, confidence, Source.FUSED, ''))
    data = sample_set([sample], (1, 4), least)
    assert data.labels[0].tolist() == [expected]
    assert sample.segmentation.labels.tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize('count', range(1, 40))
@pytest.mark.parametrize('size', [1, 2, 8, 16])
def test_batches_hold_every_row_once_and_differ_by_one(count: int, size: int) -> None:
    rows = torch.arange(count)
    cut = batches(rows, size)
    lengths = [len(batch) for batch in cut]
    assert torch.cat(list(cut)).tolist() == rows.tolist()
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1
    assert len(cut) == -(-count // size)


@pytest.mark.parametrize('count', range(2, 40))
@pytest.mark.parametrize('size', [1, 2, 8, 16])
def test_no_batch_is_below_the_smallest(count: int, size: int) -> None:
    cut = batches(torch.arange(count), size, smallest=2)
    assert torch.cat(list(cut)).tolist() == list(range(count))
    assert min(len(batch) for batch in cut) >= 2


def test_a_lone_row_stays_alone() -> None:
    assert [batch.tolist() for batch in batches(torch.tensor([7]), 8, smallest=2)] == [[7]]
