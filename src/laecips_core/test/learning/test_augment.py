from __future__ import annotations

import torch
from torch import Tensor

from laecips_core.learning.augment import augment
from laecips_core.learning.augment import spoil_light
from laecips_core.learning.augment import View
from laecips_core.learning.augment import with_harder_copies
from laecips_core.learning.tensors import TrainingSet


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def halves(count: int) -> tuple[Tensor, Tensor]:
    """Make frames of a dark left half, class 0, and a bright right half, class 1."""
    images, labels = torch.full((count, 3, 32, 48), 40.0), torch.zeros(count, 32, 48).long()
    images[..., 24:] = 220.0
    labels[..., 24:] = 1
    return images, labels


def test_shapes_types_and_ranges_stay() -> None:
    images, labels = augment(*halves(5), generator(0))
    assert (images.shape, images.dtype) == ((5, 3, 32, 48), torch.float32)
    assert (labels.shape, labels.dtype) == ((5, 32, 48), torch.int64)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert 0.0 <= float(images.min()) <= float(images.max()) <= 255.0


def test_no_label_is_invented() -> None:
    images, _ = halves(20)
    given = torch.randint(0, 254, (20, 32, 48), generator=generator(1))
    _, labels = augment(images, given, generator(0))
    for old, new in zip(given, labels, strict=True):
        assert set(new.flatten().tolist()) <= {*old.flatten().tolist(), 255}


def test_unlabelled_pixels_stay_unlabelled() -> None:
    images, labels = halves(4)
    _, moved = augment(images, torch.full_like(labels, 255), generator(0))
    assert (moved == 255).all()


def test_labels_move_with_their_pixels() -> None:
    images, labels = augment(*halves(20), generator(0))
    for image, label in zip(images, labels, strict=True):
        dark, bright = image[:, label == 0], image[:, label == 1]
        if dark.numel() and bright.numel():
            assert float(dark.median()) + 60 < float(bright.median())


def test_about_half_of_the_frames_are_mirrored() -> None:
    _, labels = augment(*halves(200), generator(0))
    first, last = (labels[:, 16, column].clamp(max=1) for column in (4, 43))
    mirrored = int((first > last).sum())
    assert 60 < mirrored < 140


def test_places_outside_the_frame_are_dark_and_unlabelled() -> None:
    images, labels = torch.full((100, 3, 32, 48), 200.0), torch.ones(100, 32, 48).long()
    lit, moved = augment(images, labels, generator(0))
    outside = (moved == 255).unsqueeze(1).expand_as(lit)
    assert set(moved.flatten().tolist()) == {1, 255}
    assert float(lit[outside].mean()) + 60 < float(lit[~outside].mean())


def test_the_generator_alone_decides() -> None:
    first = augment(*halves(4), generator(3))
    torch.manual_seed(99)
    again, other = augment(*halves(4), generator(3)), augment(*halves(4), generator(4))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_a_view_has_its_own_size() -> None:
    images, labels = augment(*halves(3), generator(0), View((16, 20)))
    assert (images.shape, labels.shape) == ((3, 3, 16, 20), (3, 16, 20))
    assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)


def test_a_view_of_the_whole_frame_shows_it_mirrored_or_not() -> None:
    given = torch.randint(0, 254, (20, 32, 48), generator=generator(1))
    _, labels = augment(halves(20)[0], given, generator(0), View(None, 1.0, 1.0))
    mirrored = 0
    for old, new in zip(given, labels, strict=True):
        flipped = torch.equal(new, old.flip(1))
        assert flipped or torch.equal(new, old)
        mirrored += flipped
    assert 0 < mirrored < 20


def test_a_view_shows_its_share_of_the_frame_at_any_place_within_it() -> None:
    columns = torch.arange(48).expand(200, 32, 48).clone()
    _, labels = augment(halves(200)[0], columns, generator(0), View((32, 24), 0.5, 0.5))
    # Half of 48 columns at half the size: each of them once, none of them outside the frame.
    assert ((labels[:, :, 1:] - labels[:, :, :-1]).abs() == 1).all()
    lowest = labels.amin(dim=(1, 2))
    assert (lowest + 23 == labels.amax(dim=(1, 2))).all()
    assert int(lowest.min()) <= 2
    assert int(lowest.max()) >= 22


def test_a_view_larger_than_the_frame_shows_its_border() -> None:
    images, labels = torch.full((4, 3, 32, 48), 200.0), torch.ones(4, 32, 48).long()
    _, moved = augment(images, labels, generator(0), View(None, 2.0, 2.0))
    assert (moved == 1).sum(dim=(1, 2)).tolist() == [16 * 24] * 4


def test_bad_light_keeps_shape_and_follows_its_generator() -> None:
    images = torch.full((4, 3, 8, 8), 180, dtype=torch.uint8)
    first = spoil_light(images, torch.Generator().manual_seed(1))
    again = spoil_light(images, torch.Generator().manual_seed(1))
    other = spoil_light(images, torch.Generator().manual_seed(2))
    assert (first.shape, first.dtype) == (images.shape, torch.uint8)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.float().mean() < 180.0


def test_harder_copies_stand_behind_the_frames_with_their_labels() -> None:
    images = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).reshape(2, 3, 4, 4)
    labels = torch.arange(2 * 4 * 4, dtype=torch.uint8).reshape(2, 4, 4)
    both = with_harder_copies(TrainingSet(images, labels), seed=0)
    assert torch.equal(both.images[:2], images)
    assert len(both) == 8
    for copy in both.labels.split(2):
        assert torch.equal(copy, labels)
