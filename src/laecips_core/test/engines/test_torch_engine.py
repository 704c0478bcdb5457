from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.torch_engine import build
from laecips_core.engines.torch_engine import network_input
from laecips_core.engines.torch_engine import TorchEdgeModel
from laecips_core.errors import EngineError
from laecips_core.errors import ShapeError
from laecips_core.errors import WeightsError
from laecips_core.models.fast_scnn import FastScnn

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (50, 70, 3), np.uint8)
OTHER = RNG.integers(0, 256, (64, 96, 3), np.uint8)


def model() -> TorchEdgeModel:
    torch.manual_seed(0)
    return TorchEdgeModel('fast_scnn', FastScnn(3), (64, 96))


def test_an_image_of_the_input_size_goes_in_as_it_is() -> None:
    batch = network_input([OTHER], (64, 96))
    assert (batch.dtype, batch.is_contiguous(memory_format=torch.channels_last)) == (
        torch.float32,
        True,
    )
    np.testing.assert_array_equal(batch[0].permute(1, 2, 0).numpy(), OTHER)


def test_a_larger_image_is_averaged() -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)
    averaged = image.reshape(2, 4, 4, 4, 3).mean(axis=(1, 3))
    batch = network_input([image], (2, 4))
    np.testing.assert_allclose(batch[0].permute(1, 2, 0).numpy(), averaged, atol=0.5)


def test_images_of_different_sizes_are_stacked() -> None:
    assert network_input([IMAGE, OTHER], (32, 48)).shape == (2, 3, 32, 48)


def test_no_image_is_refused() -> None:
    with pytest.raises(ShapeError, match=r'images: expected at least one \(H, W, 3\), got none'):
        model().predict([])


def test_the_softmax_is_a_quarter_of_the_input_and_sums_to_one() -> None:
    softmax = model().predict([IMAGE, OTHER])
    assert softmax.shape == (2, 3, 16, 24)
    assert softmax.dtype == np.float32
    assert softmax.flags.c_contiguous
    assert (softmax >= 0).all()
    np.testing.assert_allclose(softmax.sum(axis=1), 1.0, atol=1e-6)


def test_the_same_image_gives_the_same_bits() -> None:
    np.testing.assert_array_equal(model().predict([IMAGE]), model().predict([IMAGE]))


def test_the_network_runs_in_evaluation_mode() -> None:
    network = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(3, 2, 4, 4)).train()
    engine = TorchEdgeModel('net', network, (64, 96))
    np.testing.assert_array_equal(engine.predict([OTHER]), engine.predict([OTHER]))


def test_the_device_is_named() -> None:
    assert model().device == ('cuda' if torch.cuda.is_available() else 'cpu')


def test_the_device_of_the_configuration_is_used() -> None:
    config = EdgeModelConfig(input_height_px=64, input_width_px=96, device='cpu')
    engine = build(config, 3, model().weights())
    assert (engine.engine, engine.device) == ('torch', 'cpu')
    np.testing.assert_array_equal(engine.predict([OTHER]), model().predict([OTHER]))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'device': 'tensorrt'}, r'model\.device: expected one of auto, cpu.*, got tensorrt'),
        ({'precision': 'fp16'}, r'model\.precision: expected fp32 in engine torch, got fp16'),
    ],
)
def test_what_torch_does_not_do_is_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        build(EdgeModelConfig(**change), 3, {})  # type: ignore[arg-type]


@pytest.mark.skipif(torch.cuda.is_available(), reason='CUDA is there')
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(EngineError, match=r'auto, cpu: torch finds no CUDA device, got cuda'):
        TorchEdgeModel('fast_scnn', FastScnn(3), (64, 96), 'cuda')


def test_loaded_weights_are_used() -> None:
    torch.manual_seed(1)
    other = TorchEdgeModel('fast_scnn', FastScnn(3), (64, 96))
    engine = model()
    assert not np.array_equal(engine.predict([IMAGE]), other.predict([IMAGE]))
    engine.load_weights(other.weights())
    np.testing.assert_array_equal(engine.predict([IMAGE]), other.predict([IMAGE]))


@pytest.mark.parametrize(
    ('name', 'shape', 'message'),
    [
        ('skip.0.weight', None, r'tensors: expected also skip\.0\.weight, got none'),
        ('more', (1,), r'tensors: expected the \d+ of the model, got also more'),
        ('skip.0.weight', (64, 48), r'tensor shapes: expected skip\.0\.weight \(64, 48, 1, 1\)'),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_the_old_stay(
    name: str, shape: tuple[int, ...] | None, message: str
) -> None:
    engine = model()
    before = engine.predict([IMAGE])
    arrays = {key: array + 1 for key, array in engine.weights().items() if key != name}
    if shape is not None:
        arrays[name] = np.zeros(shape, np.float32)
    with pytest.raises(WeightsError, match=message):
        engine.load_weights(arrays)
    np.testing.assert_array_equal(engine.predict([IMAGE]), before)
