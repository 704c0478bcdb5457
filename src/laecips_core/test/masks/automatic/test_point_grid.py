from __future__ import annotations

import numpy as np
import pytest

from laecips_core.masks.automatic.point_grid import point_grid
from laecips_core.masks.automatic.promptable import ImageFit
from laecips_core.models.torchvision_import import import_torchvision


def test_points_lie_in_the_middle_of_their_cells() -> None:
    fit = ImageFit((60, 80), (8, 8))
    assert point_grid(2, fit).tolist() == [[20, 15], [60, 15], [20, 45], [60, 45]]


@pytest.mark.parametrize('side', [1, 7, 32])
def test_points_are_those_of_segment_anything(side: int) -> None:
    import_torchvision()
    from segment_anything.utils.amg import build_point_grid

    ours = point_grid(side, ImageFit((60, 80), (8, 8))).numpy()
    assert np.allclose(ours, build_point_grid(side) * [80, 60], rtol=0, atol=1e-12)
