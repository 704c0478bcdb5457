from __future__ import annotations

import numpy as np

from laecips_core.captioned_overlay import CaptionedOverlay
from laecips_core.catalogue import ClassCatalogue
from laecips_core.legend import Legend
from laecips_core.overlay import overlay

CATALOGUE = ClassCatalogue(('road', 'tree'), ((200, 0, 0), (0, 200, 0)))
IMAGE = np.full((260, 300, 3), 100, np.uint8)
LABELS = np.ones((260, 300), np.uint8)


def test_it_is_the_overlay_with_its_legend() -> None:
    expected = overlay(IMAGE, LABELS, CATALOGUE.palette())
    Legend(CATALOGUE).draw(expected, LABELS, 'FUSED')
    drawn = CaptionedOverlay(CATALOGUE).drawn(IMAGE, LABELS, 'FUSED')
    np.testing.assert_array_equal(drawn, expected)


def test_the_frame_is_left_as_it_is() -> None:
    image = IMAGE.copy()
    CaptionedOverlay(CATALOGUE).drawn(image, LABELS, 'FUSED')
    np.testing.assert_array_equal(image, IMAGE)
