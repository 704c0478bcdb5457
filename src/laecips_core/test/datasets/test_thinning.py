from __future__ import annotations

import pytest

from laecips_core.datasets.thinning import thinned
from laecips_core.errors import DataSetError


@pytest.mark.parametrize(
    ('count', 'kept'),
    [(0, list(range(10))), (10, list(range(10))), (5, [0, 2, 4, 6, 8]), (3, [0, 3, 6]), (1, [0])],
)
def test_items_are_kept_at_even_distances(count: int, kept: list[int]) -> None:
    assert list(thinned(range(10), count)) == kept


def test_too_many_are_refused() -> None:
    with pytest.raises(DataSetError, match='frames: expected at most the 3 frames there are'):
        thinned('abc', 4)
