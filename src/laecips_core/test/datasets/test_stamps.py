from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_core.datasets.stamps import AnnotationIndex
from laecips_core.errors import DataSetError
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame


@dataclass
class ThreeFrames:
    stamps: tuple[int, ...] = (10, 20, 40)
    name: str = 'three'
    catalogue: ClassCatalogue = field(
        default_factory=lambda: ClassCatalogue(('a', 'b'), ((0, 0, 0), (1, 1, 1)))
    )
    loaded: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.stamps)

    def stamp_ns(self, index: int) -> int:
        return self.stamps[index]

    def __getitem__(self, index: int) -> LabelledFrame:
        self.loaded.append(index)
        frame = Frame(np.zeros((1, 2, 3), np.uint8), self.stamps[index], str(index))
        return LabelledFrame(frame, np.full((1, 2), index, np.uint8))


def test_annotation_of_a_stamp_is_found_and_only_that_frame_loaded() -> None:
    dataset = ThreeFrames()
    index = AnnotationIndex(dataset)
    assert len(index) == 3
    assert dataset.loaded == []
    labels = index.at(20)
    assert labels is not None
    np.testing.assert_array_equal(labels, [[1, 1]])
    assert dataset.loaded == [1]


def test_unknown_stamp_has_no_annotation() -> None:
    assert AnnotationIndex(ThreeFrames()).at(21) is None


def test_equal_stamps_are_refused() -> None:
    with pytest.raises(DataSetError, match='frame 2: expected a stamp that no other frame has'):
        AnnotationIndex(ThreeFrames(stamps=(10, 20, 10)))


def test_patrol_is_found_by_the_stamp_of_its_frame() -> None:
    patrol = Patrol(DataSetConfig(frames=5))
    labelled = patrol[3]
    found = AnnotationIndex(patrol).at(labelled.frame.stamp_ns)
    assert found is not None
    np.testing.assert_array_equal(found, labelled.labels)
