from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
import pytest

from laecips_core.errors import SelfCheckError
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.edge import judge
from laecips_core.pipeline.self_check import check_finite
from laecips_core.pipeline.self_check import noise_image
from laecips_core.pipeline.self_check import self_check
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays

IMAGE = np.zeros((4, 6, 3), np.uint8)
VARIED = np.array([[[0.7, 0.2]], [[0.2, 0.5]], [[0.1, 0.3]]], np.float32)
PLAIN = np.array([[[0.7, 0.5]], [[0.2, 0.2]], [[0.1, 0.3]]], np.float32)


class Model:
    """Gives one softmax always."""

    name = device = 'test'

    def __init__(self, softmax: Softmax | Exception) -> None:
        self._softmax = softmax
        self.asked = 0

    def predict(self, images: Sequence[Image]) -> Softmax:
        self.asked += 1
        if isinstance(self._softmax, Exception):
            raise self._softmax
        return np.stack([self._softmax] * len(images))

    def load_weights(self, arrays: WeightArrays) -> None:
        raise NotImplementedError

    def weights(self) -> WeightArrays:
        raise NotImplementedError


class Miner:
    """Gives one confidence always."""

    name = 'test'

    def __init__(self, confidence: float | Exception) -> None:
        self._confidence = confidence

    def confidence(self, softmax: Softmax) -> float:
        if isinstance(self._confidence, Exception):
            raise self._confidence
        return self._confidence


def parts(
    softmax: Softmax | Exception, confidence: float | Exception = 0.5, version: str = 'new'
) -> EdgeParts:
    return EdgeParts(Model(softmax), Miner(confidence), version)


def changed(index: tuple[int, ...], value: float) -> Softmax:
    softmax = VARIED.copy()
    softmax[index] = value
    return softmax


RUNNING = parts(VARIED, version='old')


@pytest.mark.parametrize('confidence', [0.0, 0.5, 1.0])
def test_sound_weights_pass(confidence: float) -> None:
    self_check(parts(VARIED, confidence), RUNNING, IMAGE, 3)


@pytest.mark.parametrize(
    ('softmax', 'message'),
    [
        (changed((0, 0, 0), math.nan), 'softmax: expected finite numbers, got nan or inf'),
        (changed((0, 0, 0), math.inf), 'softmax: expected finite numbers, got nan or inf'),
        (changed((0, 0, 0), -0.2), r'softmax: expected numbers in \[0, 1\], got -0\.2 to 0\.5'),
        (changed((0, 0, 0), 1.2), r'softmax: expected numbers in \[0, 1\], got 0\.1 to 1\.2'),
        (changed((0, 0, 0), 0.71), r'a sum of 1 at every pixel, got off by 0\.0'),
        (VARIED[:2], r"softmax: expected \(3, H', W'\), got \(2, 1, 2\)"),
        (VARIED[0], r"softmax: expected \(3, H', W'\), got \(1, 2\)"),
        (VARIED[:, :0], r"softmax: expected \(3, H', W'\), got \(3, 0, 2\)"),
        (RuntimeError('no memory'), r"a prediction, got RuntimeError\('no memory'\)"),
    ],
)
def test_a_softmax_that_is_none_is_refused(softmax: Softmax | Exception, message: str) -> None:
    with pytest.raises(SelfCheckError, match=f'self-check of weights new.*{message}'):
        self_check(parts(softmax), RUNNING, IMAGE, 3)


@pytest.mark.parametrize('confidence', [math.nan, math.inf, -0.01, 1.01])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(SelfCheckError, match=r'h: expected a number in \[0, 1\]'):
        self_check(parts(VARIED, confidence), RUNNING, IMAGE, 3)


def test_a_miner_that_raises_is_refused() -> None:
    with pytest.raises(SelfCheckError, match='expected a prediction, got KeyError'):
        self_check(parts(VARIED, KeyError('x')), RUNNING, IMAGE, 3)


def test_one_class_everywhere_is_refused_unless_the_running_weights_say_the_same() -> None:
    with pytest.raises(SelfCheckError, match='as varied as of old, got class 0 at every pixel'):
        self_check(parts(PLAIN), RUNNING, IMAGE, 3)
    self_check(parts(PLAIN), parts(PLAIN), IMAGE, 3)
    other = PLAIN[[1, 0, 2]]
    with pytest.raises(SelfCheckError, match='got class 0 at every pixel'):
        self_check(parts(PLAIN), parts(other), IMAGE, 3)


def test_the_running_weights_are_only_asked_about_one_class_everywhere() -> None:
    running = Model(VARIED)
    self_check(parts(VARIED), EdgeParts(running, Miner(0.5), 'old'), IMAGE, 3)
    assert running.asked == 0


@pytest.mark.parametrize(
    ('made', 'message'),
    [
        (parts(changed((1, 0, 1), math.nan)), 'weights new: softmax: expected finite'),
        (parts(VARIED, -math.inf), 'weights new: h: expected a finite number, got -inf'),
    ],
)
def test_a_judgement_with_numbers_that_are_none_is_refused(made: EdgeParts, message: str) -> None:
    with pytest.raises(SelfCheckError, match=message), np.errstate(invalid='ignore'):
        check_finite(judge(made, Frame(IMAGE, 0, 'a')))
    check_finite(judge(RUNNING, Frame(IMAGE, 0, 'a')))


def test_the_noise_is_the_same_every_time_and_no_even_grey() -> None:
    image = noise_image((8, 12))
    assert (image.shape, image.dtype) == ((8, 12, 3), np.uint8)
    assert (image == noise_image((8, 12))).all()
    assert image.std() > 50
