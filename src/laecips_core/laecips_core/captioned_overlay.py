"""A segmentation over its frame as people get to see it: colours, their names, and who made it."""

from __future__ import annotations

from laecips_core.catalogue import ClassCatalogue
from laecips_core.legend import Legend
from laecips_core.overlay import overlay
from laecips_core.values import Image
from laecips_core.values import LabelMap


class CaptionedOverlay:
    """
    Draws overlays with a caption and a legend.

    :param catalogue: names and colours.
    """

    def __init__(self, catalogue: ClassCatalogue) -> None:
        """Draw nothing yet."""
        self._palette, self._legend = catalogue.palette(), Legend(catalogue)

    def drawn(self, image: Image, labels: LabelMap, caption: str) -> Image:
        """
        Draw one.

        :param image: (H, W, 3) uint8 RGB.
        :param labels: (H, W) uint8 class ids.
        :param caption: ASCII text of the first line.
        :returns: (H, W, 3) uint8 RGB, a new image.
        """
        picture = overlay(image, labels, self._palette)
        self._legend.draw(picture, labels, caption)
        return picture
