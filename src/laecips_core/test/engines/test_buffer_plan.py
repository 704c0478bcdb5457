from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from laecips_core.engines.buffer_plan import buffer_plan
from laecips_core.engines.buffer_plan import BufferPlan
from laecips_core.engines.buffer_plan import EngineTensor
from laecips_core.errors import EngineError

IMAGES = EngineTensor('images', True, (1, 3, 240, 320), 'FLOAT')
MAPS = EngineTensor('probabilities', False, (1, 8, 60, 80), 'FLOAT')


def plan(*tensors: EngineTensor) -> BufferPlan:
    return buffer_plan(tensors, (240, 320), 8)


def test_memory_is_that_of_numpy_arrays_of_the_same_shape() -> None:
    made = plan(IMAGES, MAPS)
    assert (made.input_shape, made.output_shape) == ((1, 3, 240, 320), (1, 8, 60, 80))
    assert made.input_bytes == np.zeros(made.input_shape, np.float32).nbytes == 921_600
    assert made.output_bytes == np.zeros(made.output_shape, np.float32).nbytes == 153_600


def test_the_order_of_the_tensors_does_not_matter() -> None:
    assert plan(MAPS, IMAGES) == plan(IMAGES, MAPS)


@pytest.mark.parametrize(
    ('tensors', 'message'),
    [
        ((MAPS,), 'engine input: expected FLOAT images alone, got none'),
        ((IMAGES,), 'engine output: expected FLOAT probabilities alone, got none'),
        (
            (IMAGES, replace(IMAGES, name='depth'), MAPS),
            'engine input: expected FLOAT images alone, got FLOAT images, FLOAT depth',
        ),
        ((replace(IMAGES, name='input'), MAPS), 'got FLOAT input'),
        ((replace(IMAGES, kind='HALF'), MAPS), 'got HALF images'),
        ((IMAGES, replace(MAPS, kind='INT32')), 'got INT32 probabilities'),
        ((IMAGES, replace(MAPS, name='logits')), 'got FLOAT logits'),
        ((IMAGES, MAPS, replace(MAPS, name='more')), 'got FLOAT probabilities, FLOAT more'),
    ],
)
def test_other_tensors_are_refused(tensors: tuple[EngineTensor, ...], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        plan(*tensors)


@pytest.mark.parametrize(
    'shape',
    [(1, 3, 320, 240), (2, 3, 240, 320), (-1, 3, 240, 320), (3, 240, 320), (1, 1, 240, 320)],
)
def test_another_input_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(EngineError, match=r'expected shape \(1, 3, 240, 320\), got .*; remove it'):
        plan(replace(IMAGES, shape=shape), MAPS)


@pytest.mark.parametrize(
    'shape', [(1, 7, 60, 80), (2, 8, 60, 80), (1, 8, -1, -1), (1, 8, 0, 80), (8, 60, 80), ()]
)
def test_another_output_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(EngineError, match=r"expected shape \(1, 8, h', w'\), got .*; remove it"):
        plan(IMAGES, replace(MAPS, shape=shape))
