from __future__ import annotations

import numpy as np
import pytest

from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.weights.precision import restore
from laecips_core.weights.precision import store


def store_one(array: np.ndarray) -> np.ndarray:
    return store(ModelWeights({'a': array}, {}))['edge.a']


@pytest.mark.parametrize(
    ('shape', 'dtype'),
    [((), '<f4'), ((3,), '<f4'), ((2, 3), '<f2'), ((2, 3, 1, 1), '<f2')],
)
@pytest.mark.parametrize('given', ['<f2', '<f4', '<f8', '>f4'])
def test_only_floats_of_two_or_more_dimensions_are_halved(
    shape: tuple[int, ...], dtype: str, given: str
) -> None:
    stored = store_one(np.full(shape, 0.25, given))
    assert stored.dtype == np.dtype(dtype)
    assert stored.shape == shape
    assert (stored == 0.25).all()


@pytest.mark.parametrize('dtype', ['<i8', '>i4', '<u2', '|u1', '|b1'])
def test_integers_and_bools_are_kept(dtype: str) -> None:
    given = np.array([[0, 1, 1]], dtype)
    stored = store_one(given)
    assert stored.dtype == np.dtype(dtype).newbyteorder('<')
    assert (stored == given).all()
    edge = restore({'edge.a': stored}).edge['a']
    assert edge.dtype == stored.dtype
    assert (edge == given).all()


def test_float16_rounding_is_that_of_ieee_754() -> None:
    edge = restore({'edge.a': store_one(np.array([[1.0 + 2.0**-11, 1.0 + 3 * 2.0**-11]]))}).edge
    assert edge['a'].dtype == np.float32
    assert edge['a'].tolist() == [[1.0, 1.0 + 2.0**-9]]


def test_edge_and_miner_tensors_keep_apart() -> None:
    one, two = np.ones(1, np.float32), np.full(1, 2, np.float32)
    back = restore(store(ModelWeights({'a.b': one}, {'a.b': two})))
    assert back.edge == {'a.b': one}
    assert back.miner == {'a.b': two}


def test_stored_and_restored_arrays_are_writable_copies() -> None:
    given = np.zeros(2, np.float32)
    stored = store_one(given)
    back = restore({'edge.a': stored, 'edge.n': np.zeros(2, np.int64)}).edge
    for array in (stored, back['a'], back['n']):
        array[:] = 7
    assert given.tolist() == [0, 0]


def test_a_sliced_array_is_stored_in_c_order() -> None:
    given = np.arange(12, dtype=np.int64).reshape(3, 4).T[::2]
    stored = store_one(given)
    assert stored.flags.c_contiguous
    assert (stored == given).all()


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    match = r'edge\.a: expected finite numbers, got nan or inf in 2 of 4'
    with pytest.raises(WeightsError, match=match):
        store_one(np.array([[1, bad], [bad, 0]]))
    with pytest.raises(WeightsError, match=match):
        restore({'edge.a': np.array([1, bad, bad, 0], np.float32)})


def test_numbers_too_large_for_float16_are_refused() -> None:
    with pytest.raises(WeightsError, match=r'magnitudes up to 65504 \(float16\), got 70000'):
        store_one(np.array([[1.0, -70000.0]]))


def test_numbers_too_large_for_float32_are_refused() -> None:
    with pytest.raises(WeightsError, match=r'\(float32\), got 1e\+39'):
        store_one(np.array([1e39]))


@pytest.mark.parametrize('array', [np.zeros(1, complex), np.array([None]), np.array(['x'])])
def test_other_kinds_of_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(WeightsError, match='expected float, integer or bool numbers'):
        store_one(array)


def test_a_name_of_neither_edge_nor_miner_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"edge\.… or miner\.…, got 'cloud\.a'"):
        restore({'cloud.a': np.zeros(1, np.float32)})


@pytest.mark.parametrize(
    ('array', 'expected'),
    [
        (np.zeros((1, 1), np.float32), 'float16 in safetensors-mixed16, got float32'),
        (np.zeros(1, np.float16), 'float32 in safetensors-mixed16, got float16'),
        (np.zeros(1, np.float64), 'float32 in safetensors-mixed16, got float64'),
        (np.zeros(1, np.complex64), 'float32 in safetensors-mixed16, got complex64'),
    ],
)
def test_a_stored_dtype_of_another_encoding_is_refused(array: np.ndarray, expected: str) -> None:
    with pytest.raises(WeightsError, match=expected):
        restore({'edge.a': array})
