"""What belongs to one frame, brought together by its stamp."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from laecips_bringup.view_values import FrameReport
from laecips_core.values import Image
from laecips_core.values import LabelMap

MAX_BYTES = 64_000_000
"""Images and masks kept while the rest of their frame may still come."""

MAX_MOMENTS = 1000
"""Also of those whose images and masks did not come."""

_STEP_BACK_NS = 1_000_000_000


@dataclass
class Moment:
    """
    One frame and what came for it so far.

    :param stamp_ns: capture time in ns.
    :param image: (H, W, 3) uint8 RGB.
    :param mask: (H', W') uint8 class ids of ``~/mask``.
    :param truth: (H', W') uint8 class ids; given up once the mask is scored.
    :param report: of the mask.
    """

    stamp_ns: int
    image: Image | None = None
    mask: LabelMap | None = None
    truth: LabelMap | None = None
    report: FrameReport | None = None

    @property
    def size_bytes(self) -> int:
        """Memory of its arrays."""
        arrays = (self.image, self.mask, self.truth)
        return sum(array.nbytes for array in arrays if array is not None)


class Moments:
    """
    The newest moments, within a bound on their memory.

    Messages of one frame may come in any order, with other frames' between them, or not at all.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """
        Start empty.

        :param max_bytes: of all arrays; the newest moment is kept whatever its size.
        """
        self._max_bytes = max_bytes
        self._kept: OrderedDict[int, Moment] = OrderedDict()
        self._image_ns = 0

    def __len__(self) -> int:
        """Count the moments kept."""
        return len(self._kept)

    def at(self, stamp_ns: int) -> Moment:
        """
        Find a moment, or begin it.

        :param stamp_ns: of the frame.
        """
        moment = self._kept.setdefault(stamp_ns, Moment(stamp_ns))
        self._forget()
        return moment

    def at_image(self, stamp_ns: int) -> Moment:
        """
        Find or begin the moment of a frame that the camera sends now.

        :param stamp_ns: of the frame; far before that of the frame before it means that the stream
            began anew, whose stamps say nothing about what was kept.
        """
        if stamp_ns < self._image_ns - _STEP_BACK_NS:
            self.clear()
        self._image_ns = stamp_ns
        return self.at(stamp_ns)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._image_ns = 0

    def _forget(self) -> None:
        size_bytes = sum(moment.size_bytes for moment in self._kept.values())
        while len(self._kept) > 1 and (size_bytes > self._max_bytes or len(self) > MAX_MOMENTS):
            _, oldest = self._kept.popitem(last=False)
            size_bytes -= oldest.size_bytes
