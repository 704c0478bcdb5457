"""Which colour is which class, and who made the mask, written into an overlay."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from laecips_core.catalogue import ClassCatalogue
from laecips_core.values import Image
from laecips_core.values import LabelMap

_ROWS = 26
_LEAST_ROW_PX = 10
# At a scale of 1 the letters of this font are about 22 px high.
_SCALE_OF_ROW = 1 / 36
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BACK, _INK = 24, 235
_GAP_PX = 2
_KEPT_PANELS = 64


class Legend:
    """
    Draws a line of text at the top of an image, and below it the classes that its mask has.

    The classes of a video seldom change, so what is drawn for a set of them is kept. Letters grow
    with the image; what does not fit into a small image is cut off.

    :param catalogue: names and colours.
    """

    def __init__(self, catalogue: ClassCatalogue) -> None:
        """Draw nothing yet."""
        self._catalogue = catalogue
        self._panel = lru_cache(_KEPT_PANELS)(self._new_panel)

    def draw(self, image: Image, labels: LabelMap, caption: str) -> None:
        """
        Draw into an image.

        :param image: (H, W, 3) uint8 RGB, such as an overlay; changed in place.
        :param labels: (H, W) uint8 class ids; ids that are no class have no line.
        :param caption: ASCII text of the first line.
        """
        row_px = max(_LEAST_ROW_PX, image.shape[0] // _ROWS)
        image[:row_px] = _BACK
        _write(image, caption, _GAP_PX, row_px, row_px)
        counts = cv2.calcHist([labels], [0], None, [256], [0, 256])
        present = np.flatnonzero(counts[: len(self._catalogue)])
        panel = self._panel(tuple(present.tolist()), row_px)
        below = image[row_px : row_px + panel.shape[0], : panel.shape[1]]
        below[:] = panel[: below.shape[0], : below.shape[1]]

    def _new_panel(self, ids: tuple[int, ...], row_px: int) -> Image:
        names = [self._catalogue.names[i] for i in ids]
        scale = row_px * _SCALE_OF_ROW
        widths_px = [cv2.getTextSize(name, _FONT, scale, 1)[0][0] for name in names]
        size_px = row_px * len(ids), row_px + max(widths_px, default=0) + 2 * _GAP_PX
        panel = np.full((*size_px, 3), _BACK, np.uint8)
        for row, (number, name) in enumerate(zip(ids, names, strict=True)):
            top, bottom = row * row_px, (row + 1) * row_px
            swatch = slice(_GAP_PX, row_px - _GAP_PX)
            panel[top:bottom][swatch, swatch] = self._catalogue.colours[number]
            _write(panel, name, row_px + _GAP_PX, bottom, row_px)
        return panel


def _write(image: Image, text: str, left_px: int, bottom_px: int, row_px: int) -> None:
    """Write a line of text that stands on the quarter of its row."""
    at = left_px, bottom_px - row_px // 4
    scale = row_px * _SCALE_OF_ROW
    cv2.putText(image, text, at, _FONT, scale, (_INK, _INK, _INK), 1, cv2.LINE_AA)
