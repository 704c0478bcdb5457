from __future__ import annotations

import numpy as np
import onnx
from onnx import helper
from onnx import numpy_helper
import pytest

from laecips_core.engines.graph_facts import weight_places
from laecips_core.errors import EngineError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightArrays

WEIGHTS: WeightArrays = {
    'a.weight': np.arange(6, dtype=np.float32).reshape(2, 3),
    'a.scale': np.float32(1.5).reshape(()),
    'b.half': np.arange(300, dtype=np.float16).reshape(3, 100),
    'b.index': np.array([1, -2], np.int64),
    'none': np.zeros((0, 4), np.float32),
}


def file_of(arrays: WeightArrays) -> bytes:
    """Write a graph with the onnx library, which is independent of what reads it here."""
    value = helper.make_tensor_value_info('images', onnx.TensorProto.FLOAT, (1,))
    graph = helper.make_graph(
        [helper.make_node('Identity', ['images'], ['same'])],
        'graph',
        [value],
        [helper.make_tensor_value_info('same', onnx.TensorProto.FLOAT, (1,))],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    data: bytes = helper.make_model(graph).SerializeToString()
    return data


def read_by_library(data: bytes) -> WeightArrays:
    graph = onnx.load_from_string(data).graph
    return {one.name: numpy_helper.to_array(one) for one in graph.initializer}


FILE = file_of({**WEIGHTS, 'constant/0': np.array(['text'], object), 'constant/1': np.ones(3)})


def assert_equal(got: WeightArrays, expected: WeightArrays) -> None:
    assert got.keys() == expected.keys()
    for name, array in got.items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])


def test_weights_are_found_and_constants_are_none() -> None:
    places = weight_places(FILE)
    assert places.shapes == {name: array.shape for name, array in WEIGHTS.items()}
    assert_equal(places.arrays(FILE), WEIGHTS)


def test_other_weights_are_put_in_where_the_library_reads_them() -> None:
    others: WeightArrays = {
        name: np.asarray(array + 1, np.int64 if name == 'b.index' else np.float32)
        for name, array in WEIGHTS.items()
    }
    filled = weight_places(FILE).filled(FILE, others)
    found = {n: a for n, a in read_by_library(filled).items() if not n.startswith('constant/')}
    assert_equal(found, {n: np.asarray(others[n], WEIGHTS[n].dtype) for n in WEIGHTS})
    assert len(filled) == len(FILE)
    assert_equal(weight_places(FILE).arrays(FILE), WEIGHTS)


@pytest.mark.parametrize(
    ('changed', 'message'),
    [
        ({'a.weight': None}, r'tensors: expected also a\.weight, got none'),
        ({'c': np.zeros(1)}, r'expected the 5 of the model, got also c'),
        ({'a.weight': np.zeros((3, 2))}, r'expected a\.weight \(2, 3\), got a\.weight \(3, 2\)'),
        ({'b.half': np.full((3, 100), 7e4)}, r'tensor b\.half: expected numbers of at most 65504'),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    changed: dict[str, np.ndarray | None], message: str
) -> None:
    arrays = {n: a for n, a in {**WEIGHTS, **changed}.items() if a is not None}
    with pytest.raises(WeightsError, match=message):
        weight_places(FILE).filled(FILE, arrays)


@pytest.mark.parametrize('size', [0, 1, 30, 500, -1])
def test_a_cut_file_is_refused(size: int) -> None:
    with pytest.raises(EngineError, match='expected a file that laecips export made'):
        weight_places(FILE[:size])


@pytest.mark.parametrize('data', [b'\xff' * 40, b'\x3f' * 40, b'{"text": 1}'])
def test_bytes_of_another_form_are_refused(data: bytes) -> None:
    with pytest.raises(EngineError, match='expected a file that laecips export made'):
        weight_places(data)


def test_a_file_without_weights_is_refused() -> None:
    with pytest.raises(EngineError, match='got one without weights; export it again'):
        weight_places(file_of({'constant/0': np.ones(3, np.float32)}))


def test_a_weight_that_is_not_in_raw_bytes_is_refused() -> None:
    model = onnx.load_from_string(FILE)
    model.graph.initializer[0].ClearField('raw_data')
    model.graph.initializer[0].float_data.extend(range(6))
    with pytest.raises(EngineError, match=r"weight 'a\.weight'"):
        weight_places(model.SerializeToString())
