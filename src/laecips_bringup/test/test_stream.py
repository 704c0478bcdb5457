from __future__ import annotations

import numpy as np
import pytest

from laecips_bringup.stream import DataSetStream
from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DataSetError
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame


class Stamped:
    name = 'stamped'
    catalogue = ClassCatalogue(('a',), ((0, 0, 0),))

    def __init__(self, *stamps_ns: int) -> None:
        self.stamps_ns = stamps_ns
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self.stamps_ns)

    def __getitem__(self, index: int) -> LabelledFrame:
        self.read.append(index)
        image = np.full((2, 2, 3), index, np.uint8)
        frame = Frame(image, self.stamps_ns[index], f'r/{index}')
        return LabelledFrame(frame, np.zeros((2, 2), np.uint8), task=index)


def test_frames_come_one_at_a_time_in_order() -> None:
    dataset = Stamped(5, 6, 9)
    frames = iter(DataSetStream(dataset))
    first = next(frames)
    assert dataset.read == [0]
    assert (first.stamp_ns, first.task, int(first.image[0, 0, 0])) == (5, 0, 0)
    assert [frame.stamp_ns for frame in frames] == [6, 9]


def test_name_length_and_classes_are_those_of_the_data_set() -> None:
    stream = DataSetStream(Stamped(5, 6))
    assert (stream.name, len(stream), stream.catalogue) == ('stamped', 2, Stamped.catalogue)


def test_reading_again_starts_again() -> None:
    stream = DataSetStream(Stamped(5, 6))
    assert [f.stamp_ns for f in stream] == [f.stamp_ns for f in stream] == [5, 6]


@pytest.mark.parametrize('stamps_ns', [(5, 5), (5, 4)])
def test_stamps_that_do_not_grow_are_refused(stamps_ns: tuple[int, int]) -> None:
    with pytest.raises(DataSetError, match='stamped: expected stamps that grow, after 5 ns, got'):
        list(DataSetStream(Stamped(*stamps_ns)))
