from __future__ import annotations

import numpy as np
import pytest

from laecips_core.learning.blend import blended
from laecips_core.values import ModelWeights


def weights(edge: list[float], miner: list[float] | None = None) -> ModelWeights:
    arrays = {} if miner is None else {'h': np.array(miner, np.float32)}
    return ModelWeights({'f': np.array(edge, np.float32)}, arrays)


START, END = weights([0.0, 1.0, -4.0], [2.0]), weights([8.0, 1.0, 4.0], [4.0])


@pytest.mark.parametrize(
    ('share', 'edge', 'miner'),
    [
        (0.0, [0.0, 1.0, -4.0], 2.0),
        (0.25, [2.0, 1.0, -2.0], 2.5),
        (0.5, [4.0, 1.0, 0.0], 3.0),
        (1.0, [8.0, 1.0, 4.0], 4.0),
    ],
)
def test_both_models_go_a_part_of_the_way(share: float, edge: list[float], miner: float) -> None:
    found = blended(START, END, share)
    assert found.edge['f'].tolist() == edge
    assert found.miner['h'].tolist() == [miner]
    assert (found.edge['f'].dtype, found.miner['h'].dtype) == (np.float32, np.float32)


def test_a_miner_that_only_the_end_has_is_taken_as_it_is() -> None:
    assert blended(weights([0.0]), weights([1.0], [4.0]), 0.5).miner['h'].tolist() == [4.0]


def test_weights_that_did_not_change_keep_every_bit() -> None:
    same = weights([0.1, 1e-30, 3e38])
    np.testing.assert_array_equal(blended(same, same, 0.3).edge['f'], same.edge['f'])


def test_the_given_weights_stay_as_they_are() -> None:
    blended(START, END, 0.5)
    assert START.edge['f'].tolist() == [0.0, 1.0, -4.0]
    assert END.edge['f'].tolist() == [8.0, 1.0, 4.0]


def test_whole_numbers_are_taken_as_they_are() -> None:
    positions = np.array([[0, 4001], [2, -1]], np.int64)
    start, end = (ModelWeights({'index': positions + k}, {}) for k in (0, 1))
    found = blended(start, end, 0.25).edge['index']
    assert found.dtype == np.int64
    assert found.tolist() == [[1, 4002], [3, 0]]
