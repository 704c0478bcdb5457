from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.weights.cut import cut_changes
from laecips_core.weights.cut import cut_to_bytes
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.encoding import rounded
from laecips_core.weights.precision import store


def flat(*numbers: float) -> ModelWeights:
    return ModelWeights({'a': np.array(numbers, np.float32)}, {})


def of(weights: ModelWeights) -> NDArray[np.float32]:
    array: NDArray[np.float32] = weights.edge['a']
    return array


def noisy(seed: int, scale: float = 0.01) -> tuple[ModelWeights, ModelWeights]:
    rng = np.random.default_rng(seed)
    edge = {'conv': rng.normal(size=(40, 10, 3, 3)), 'mean': rng.normal(size=300)}
    parent = rounded(ModelWeights(edge, {'w': rng.normal(size=(5, 7))}))
    child = ModelWeights(
        {name: array + scale * rng.standard_t(2, array.shape) for name, array in edge.items()},
        {'w': parent.miner['w'] + 0.5},
    )
    return parent, child


@pytest.mark.parametrize(
    ('share', 'expected'),
    [
        (0.01, [1.0, 2.0, 3.0, -1.0]),
        (0.25, [1.0, 2.0, 3.0, -1.0]),
        (0.26, [1.0, 5.0, 3.0, -1.0]),
        (0.75, [1.5, 5.0, 3.0, -1.0]),
        (1.0, [1.5, 5.0, 3.25, -1.0]),
    ],
)
def test_the_largest_changes_stay(share: float, expected: list[float]) -> None:
    parent, child = flat(1.0, 2.0, 3.0, 4.0), flat(1.5, 5.0, 3.25, -1.0)
    np.testing.assert_array_equal(of(cut_changes(parent, child, share)), np.float32(expected))


def test_of_equal_changes_the_first_stay() -> None:
    cut = cut_changes(flat(0, 0, 0, 0), flat(-1, 1, -1, 1), 0.5)
    np.testing.assert_array_equal(of(cut), np.float32([-1, 1, 0, 0]))


def test_each_tensor_keeps_its_own_share() -> None:
    parent = ModelWeights({'a': np.zeros((2, 2))}, {'a': np.zeros((2, 3))})
    child = ModelWeights(
        {'a': np.array([[1.0, 2.0], [3.0, 4.0]])},
        {'a': np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])},
    )
    cut = cut_changes(parent, child, 0.5)
    np.testing.assert_array_equal(cut.edge['a'], [[0, 0], [3, 4]])
    np.testing.assert_array_equal(
        cut.miner['a'], np.float16([[0, 0, 0], [0.4, 0.5, 0.6]]).astype(np.float32)
    )


def test_kept_and_put_back_are_stored_bits() -> None:
    parent, child = noisy(0)
    cut = store(cut_changes(parent, child, 0.1))
    old, new = store(parent), store(child)
    assert cut.keys() == old.keys()
    for name, array in cut.items():
        kept = array.view(np.uint8) == new[name].view(np.uint8)
        back = array.view(np.uint8) == old[name].view(np.uint8)
        assert (kept | back).all()
        changed = int((array != old[name]).sum())
        assert 0 < changed <= -(-array.size // 10)
        assert (array.dtype, array.shape) == (old[name].dtype, old[name].shape)


def test_a_change_below_the_stored_precision_is_none() -> None:
    parent = ModelWeights({'a': np.float32([[1.0, 1.0]])}, {})
    child = ModelWeights({'a': np.float32([[1.0 + 1e-4, 1.01]])}, {})
    cut = cut_changes(parent, child, 0.5)
    np.testing.assert_array_equal(cut.edge['a'], np.float16([[1.0, 1.01]]).astype(np.float32))


def test_counts_and_single_numbers_are_cut_too() -> None:
    parent = ModelWeights({'n': np.array([1, 2, 3]), 'one': np.float32(4.0)}, {})
    child = ModelWeights({'n': np.array([9, 2, 4]), 'one': np.float32(5.0)}, {})
    cut = cut_changes(parent, child, 0.3)
    np.testing.assert_array_equal(cut.edge['n'], [9, 2, 3])
    assert cut.edge['n'].dtype == np.int64
    assert (cut.edge['one'], cut.edge['one'].shape) == (5.0, ())


def test_parent_and_child_stay_as_they_are() -> None:
    parent, child = flat(1.0, 2.0), flat(3.0, 9.0)
    of(cut_changes(parent, child, 0.5))[:] = 7.0
    np.testing.assert_array_equal(of(parent), [1.0, 2.0])
    np.testing.assert_array_equal(of(child), [3.0, 9.0])


@pytest.mark.parametrize('share', [0.0, -0.1, 1.1, float('nan')])
def test_a_share_out_of_bounds_is_refused(share: float) -> None:
    with pytest.raises(WeightsError, match=r'share of changes: expected a number in \(0, 1\]'):
        cut_changes(flat(1.0), flat(2.0), share)


@pytest.mark.parametrize(
    'child',
    [
        ModelWeights({'b': np.zeros(2, np.float32)}, {}),
        ModelWeights({'a': np.zeros(3, np.float32)}, {}),
        ModelWeights({'a': np.zeros(2, np.int32)}, {}),
        ModelWeights({'a': np.zeros(2, np.float32)}, {'w': np.zeros(1, np.float32)}),
    ],
)
@pytest.mark.parametrize('cut', [cut_changes, cut_to_bytes])
def test_weights_of_another_form_are_refused(cut: object, child: ModelWeights) -> None:
    assert callable(cut)
    with pytest.raises(WeightsError):
        cut(flat(1.0, 2.0), child, 1)


def test_what_fits_is_left_as_it_is() -> None:
    parent, child = noisy(1)
    size = len(encode_delta(parent, child))
    assert cut_to_bytes(parent, child, size) is child
    assert cut_to_bytes(parent, child, size - 1) is not child


@pytest.mark.parametrize('max_bytes', [1000, 2000, 5000])
def test_the_delta_fits_and_hardly_more_would(max_bytes: int) -> None:
    parent, child = noisy(2)
    cut = cut_to_bytes(parent, child, max_bytes)
    assert 0.97 * max_bytes < len(encode_delta(parent, cut)) <= max_bytes
    # It is one of the cuts by share: the kept changes are no smaller than any left out.
    old, new, kept = (store(w)['edge.conv'].astype(np.float64) for w in (parent, child, cut))
    change = np.abs(new - old)
    assert change[kept != old].min() >= change[(kept == old) & (new != old)].max()


def test_a_bound_below_one_change_for_each_tensor_is_refused() -> None:
    parent, child = noisy(3)
    least = cut_changes(parent, child, 1e-9)
    size = len(encode_delta(parent, least))
    assert len(encode_delta(parent, cut_to_bytes(parent, child, size))) <= size
    match = f'smallest delta: expected at most {size - 1} bytes, got {size}; raise update.max_d'
    with pytest.raises(WeightsError, match=match):
        cut_to_bytes(parent, child, size - 1)
