from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_core.engines.onnxruntime_engine import build
from laecips_core.engines.onnxruntime_engine import OnnxruntimeEdgeModel
from laecips_core.engines.torch_engine import build as build_torch
from laecips_core.errors import EngineError
from laecips_core.errors import ShapeError
from laecips_core.errors import WeightsError
from laecips_core.values import Image
from laecips_core.values import WeightArrays
from laecips_core.weights.encoding import decode
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights

CLASSES = 12
_MAX_BYTES = 100_000_000
WEIGHTS = decode(load_update(resolve_weights('builtin:patrol'), _MAX_BYTES), _MAX_BYTES).edge


def changed(arrays: WeightArrays) -> WeightArrays:
    random = np.random.default_rng(0)
    return {
        name: (array * random.normal(1.0, 0.05, array.shape)).astype(np.float32)
        for name, array in arrays.items()
    }


@pytest.fixture(scope='module')
def images() -> list[Image]:
    patrol = Patrol(DataSetConfig(frames=3))
    return [patrol[k].frame.image for k in range(3)]


@pytest.fixture
def model(onnxruntime_config: EdgeModelConfig) -> OnnxruntimeEdgeModel:
    return build(onnxruntime_config, CLASSES, WEIGHTS)


def test_labels_are_those_of_torch_before_and_after_an_update(
    model: OnnxruntimeEdgeModel, onnxruntime_config: EdgeModelConfig, images: list[Image]
) -> None:
    reference = build_torch(replace(onnxruntime_config, engine='torch'), CLASSES, WEIGHTS)
    before = model.predict(images)
    np.testing.assert_allclose(before, reference.predict(images), atol=1e-5)
    for arrays in (changed(WEIGHTS), WEIGHTS):
        model.load_weights(arrays)
        reference.load_weights(arrays)
        ours, theirs = model.predict(images), reference.predict(images)
        assert np.mean(ours.argmax(axis=1) == theirs.argmax(axis=1)) >= 0.999
    np.testing.assert_array_equal(model.predict(images), before)
    model.load_weights(changed(WEIGHTS))
    assert np.abs(model.predict(images) - before).max() > 0.1


def test_the_softmax_is_a_quarter_of_the_input_and_sums_to_one(
    model: OnnxruntimeEdgeModel, images: list[Image]
) -> None:
    softmax = model.predict(images[:1])
    assert (softmax.shape, softmax.dtype) == ((1, CLASSES, 16, 24), np.float32)
    np.testing.assert_allclose(softmax.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(model.predict(images)[0], softmax[0])


def test_no_image_is_refused(model: OnnxruntimeEdgeModel) -> None:
    with pytest.raises(ShapeError, match='images: expected at least one'):
        model.predict([])


def test_weights_are_given_as_copies(model: OnnxruntimeEdgeModel) -> None:
    weights = model.weights()
    assert weights.keys() == WEIGHTS.keys()
    weights['skip.0.weight'][...] = 0.0
    np.testing.assert_array_equal(model.weights()['skip.0.weight'], WEIGHTS['skip.0.weight'])
    model.load_weights(changed(WEIGHTS))
    np.testing.assert_array_equal(
        model.weights()['skip.0.weight'], changed(WEIGHTS)['skip.0.weight']
    )


@pytest.mark.parametrize(
    ('name', 'shape', 'message'),
    [
        ('skip.0.weight', None, r'tensors: expected also skip\.0\.weight, got none'),
        ('more', (1,), r'tensors: expected the \d+ of the model, got also more'),
        ('skip.0.weight', (64, 48), r'tensor shapes: expected skip\.0\.weight \(64, 48, 1, 1\)'),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_the_old_stay(
    model: OnnxruntimeEdgeModel,
    images: list[Image],
    name: str,
    shape: tuple[int, ...] | None,
    message: str,
) -> None:
    before = model.predict(images)
    arrays = {key: array for key, array in changed(WEIGHTS).items() if key != name}
    if shape is not None:
        arrays[name] = np.zeros(shape, np.float32)
    with pytest.raises(WeightsError, match=message):
        model.load_weights(arrays)
    np.testing.assert_array_equal(model.predict(images), before)
    np.testing.assert_array_equal(model.weights()['skip.0.weight'], WEIGHTS['skip.0.weight'])


def test_engine_and_device_are_named(model: OnnxruntimeEdgeModel) -> None:
    assert (model.name, model.engine, model.device) == ('fast_scnn', 'onnxruntime', 'cpu')


def test_it_computes_on_as_many_threads_as_configured(
    onnxruntime_config: EdgeModelConfig,
) -> None:
    threads = Path('/proc/self/task')
    before = len(list(threads.iterdir()))
    model = build(replace(onnxruntime_config, threads=3), CLASSES, WEIGHTS)
    assert len(list(threads.iterdir())) == before + 2
    assert model.device == 'cpu'


@pytest.mark.parametrize(
    ('device', 'provider'),
    [('cuda', 'CUDAExecutionProvider'), ('tensorrt', 'TensorrtExecutionProvider')],
)
def test_a_device_that_is_not_there_is_refused(
    onnxruntime_config: EdgeModelConfig,
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    provider: str,
) -> None:
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: ['CPUExecutionProvider'])
    expected = f'expected {provider}, got CPUExecutionProvider; choose one of auto, cpu, or'
    with pytest.raises(EngineError, match=expected):
        build(replace(onnxruntime_config, device=device), CLASSES, WEIGHTS)


@pytest.mark.skipif(
    'CUDAExecutionProvider' in onnxruntime.get_available_providers(), reason='CUDA would start'
)
@pytest.mark.filterwarnings('ignore:Specified provider:UserWarning')  # of ONNX Runtime
def test_a_device_that_does_not_start_is_refused_or_told(
    onnxruntime_config: EdgeModelConfig,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    promised = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: promised)
    expected = r'model\.device: expected CUDAExecutionProvider to start, got CPUExecutionProvider'
    with pytest.raises(EngineError, match=expected):
        build(replace(onnxruntime_config, device='cuda'), CLASSES, WEIGHTS)
    model = build(replace(onnxruntime_config, device='auto'), CLASSES, WEIGHTS)
    assert model.device == 'cpu'
    assert 'model.device auto: expected CUDAExecutionProvider to start, got CPU' in caplog.text


def test_half_precision_on_a_cpu_is_refused(onnxruntime_config: EdgeModelConfig) -> None:
    config = replace(onnxruntime_config, precision='fp16', device='cpu')
    with pytest.raises(
        EngineError, match=r'model\.precision: expected fp32 on a CPU, .* got fp16'
    ):
        build(config, CLASSES, WEIGHTS)
