from __future__ import annotations

import numpy as np
import onnx
import pytest

from laecips_core.engines.refit_plan import check_none_missing
from laecips_core.engines.refit_plan import check_precision
from laecips_core.engines.refit_plan import LayerWeights
from laecips_core.engines.refit_plan import Slot
from laecips_core.engines.refit_plan import slots_to_set
from laecips_core.engines.refit_plan import whole_weights
from laecips_core.errors import EngineError

KERNEL, BIAS = ('conv', 'KERNEL'), ('conv', 'BIAS')
SCALE, SHIFT, GRID = ('norm', 'SCALE'), ('norm', 'SHIFT'), ('grid', 'CONSTANT')
ALL = [KERNEL, SCALE, SHIFT, GRID]


def weights(value: float = 0.0, *, but: dict[Slot, np.ndarray] | None = None) -> LayerWeights:
    """Weights of a convolution without bias, a scale and a constant that never changes."""
    held = {
        KERNEL: np.full(4, 1 + value, np.float32),
        BIAS: np.zeros(0, np.float32),
        SCALE: np.full(2, 2 + value, np.float32),
        SHIFT: np.full(2, 3 + value, np.float32),
        GRID: np.arange(3, dtype=np.float32),
    }
    return {**held, **(but or {})}


def test_all_that_can_be_set_is_set() -> None:
    """The constant too: TensorRT may have joined it with a weight that changed."""
    assert slots_to_set(ALL, weights(), weights(1)) == ALL


def test_a_weight_that_is_not_there_is_not_set() -> None:
    assert slots_to_set([KERNEL, BIAS], weights(), weights()) == [KERNEL]


def test_a_slot_that_is_told_twice_is_set_once() -> None:
    assert slots_to_set([*ALL, *ALL], weights(), weights(1)) == ALL


def test_a_constant_need_not_be_refittable() -> None:
    assert slots_to_set(ALL[:3], weights(), weights(1)) == ALL[:3]


def test_a_changed_weight_that_cannot_be_set_is_refused() -> None:
    message = (
        r'refit: expected TensorRT to let every weight be set, got fixed SHIFT of norm; choose'
    )
    with pytest.raises(EngineError, match=message):
        slots_to_set([KERNEL, SCALE, GRID], weights(), weights(1))


def test_few_of_many_are_named() -> None:
    built = {(f'layer{k}', 'KERNEL'): np.zeros(1, np.float32) for k in range(9)}
    wanted = {slot: array + 1 for slot, array in built.items()}
    with pytest.raises(EngineError, match=r'fixed KERNEL of layer0, .* of layer4 and 4 more;'):
        slots_to_set([], built, wanted)


def test_a_weight_of_no_layer_is_refused() -> None:
    """It would keep the number of the random network that the plan was built from."""
    with pytest.raises(EngineError, match='got also KERNEL of joined'):
        slots_to_set([*ALL, ('joined', 'KERNEL')], weights(), weights(1))


@pytest.mark.parametrize('lacks', ['built', 'wanted'])
def test_another_graph_is_refused(lacks: str) -> None:
    held = {'built': dict(weights()), 'wanted': dict(weights(1))}
    del held[lacks][SCALE]
    with pytest.raises(EngineError, match='got others: SCALE of norm; remove the engine'):
        slots_to_set(ALL, held['built'], held['wanted'])


@pytest.mark.parametrize(
    'other',
    [
        np.array([0, 1, np.nan], np.float32),
        np.array([-0.0, 1, 2], np.float32),
        np.arange(3, dtype=np.float16),
        np.arange(4, dtype=np.float32),
    ],
)
def test_what_counts_as_changed(other: np.ndarray) -> None:
    with pytest.raises(EngineError, match='fixed CONSTANT of grid'):
        slots_to_set(ALL[:3], weights(), weights(but={GRID: other}))


def test_the_same_nan_did_not_change() -> None:
    nan = {GRID: np.array([np.nan], np.float32)}
    assert slots_to_set(ALL[:3], weights(but=nan), weights(1, but=nan)) == ALL[:3]


def test_every_second_number_of_an_array_is_compared() -> None:
    """Arrays of the bindings are views; one that is not contiguous has the same numbers."""
    spread = {GRID: np.array([0, 9, 1, 9, 2, 9], np.float32)[::2]}
    assert slots_to_set(ALL[:3], weights(), weights(1, but=spread)) == ALL[:3]


@pytest.mark.parametrize('dtype', [np.float32, np.float16, np.int32, np.bool_])
@pytest.mark.parametrize('size', [0, 1, 5])
def test_an_array_of_stride_0_is_read_whole(dtype: type, size: int) -> None:
    """So the bindings up to 10.13 show weights beside numpy 2."""
    array = np.arange(size).astype(dtype)
    shown = np.lib.stride_tricks.as_strided(array, (size,), (0,))
    np.testing.assert_array_equal(whole_weights(shown), array)
    assert whole_weights(shown).dtype == dtype


def test_an_array_that_is_shown_well_stays_what_it_is() -> None:
    array = np.arange(5, dtype=np.float32)
    np.testing.assert_array_equal(whole_weights(array), array)
    assert np.shares_memory(whole_weights(array), array)


@pytest.mark.parametrize('array', [None, object(), np.float32(1), np.zeros((2, 2), np.float32)])
def test_what_is_no_such_array_is_refused(array: object) -> None:
    with pytest.raises(EngineError, match='expected weights of a type that numpy knows, got'):
        whole_weights(array)


def test_nothing_missing_is_fine() -> None:
    check_none_missing([])


def test_a_missing_weight_is_named() -> None:
    with pytest.raises(EngineError, match='got none for BIAS of conv, SHIFT of norm; choose'):
        check_none_missing([SHIFT, BIAS])


def network(dtype: type) -> bytes:
    """Write the smallest file of our form."""
    kernel = onnx.numpy_helper.from_array(np.zeros((2, 3, 1, 1), dtype), 'weight')
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node('Conv', ['images', 'weight'], ['probabilities'])],
        'network',
        [onnx.helper.make_tensor_value_info('images', kind, [1, 3, 4, 4])],
        [onnx.helper.make_tensor_value_info('probabilities', kind, [1, 2, 4, 4])],
        [kernel],
    )
    data: bytes = onnx.helper.make_model(graph).SerializeToString()
    return data


@pytest.mark.parametrize(('dtype', 'precision'), [(np.float32, 'fp32'), (np.float16, 'fp16')])
def test_a_file_of_the_wanted_precision_is_taken(dtype: type, precision: str) -> None:
    check_precision(network(dtype), precision)


@pytest.mark.parametrize(
    ('dtype', 'wanted', 'found'), [(np.float32, 'fp16', 'fp32'), (np.float16, 'fp32', 'fp16')]
)
def test_a_file_of_the_other_precision_is_refused(dtype: type, wanted: str, found: str) -> None:
    message = f'expected weights in {wanted}, got weights in {found}; export it again'
    with pytest.raises(EngineError, match=message):
        check_precision(network(dtype), wanted)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(EngineError, match='ONNX file: expected'):
        check_precision(b'not an ONNX file', 'fp32')
