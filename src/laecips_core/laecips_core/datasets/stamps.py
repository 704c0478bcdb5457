"""Finds the annotation of a frame by its capture time."""

from __future__ import annotations

from laecips_core.errors import DataSetError
from laecips_core.ports import DataSet
from laecips_core.values import LabelMap


class AnnotationIndex:
    """The annotations of a data set by capture time; loads a frame only when it is asked for."""

    def __init__(self, dataset: DataSet) -> None:
        """
        Index all stamps.

        :param dataset: the annotated frames.
        :raises DataSetError: when two frames have the same stamp.
        """
        self._dataset = dataset
        self._positions: dict[int, int] = {}
        for position in range(len(dataset)):
            stamp_ns = dataset.stamp_ns(position)
            if stamp_ns in self._positions:
                raise DataSetError(
                    f'{dataset.name}, frame {position}',
                    'a stamp that no other frame has',
                    f'{stamp_ns} ns, which frame {self._positions[stamp_ns]} has too',
                )
            self._positions[stamp_ns] = position

    def __len__(self) -> int:
        """Count the annotated frames."""
        return len(self._positions)

    def at(self, stamp_ns: int) -> LabelMap | None:
        """
        Give the annotation of the frame taken at one time.

        :param stamp_ns: capture time in ns, exact.
        :returns: (H, W) uint8 class ids; None where no annotated frame has this stamp.
        """
        position = self._positions.get(stamp_ns)
        return None if position is None else self._dataset[position].labels
