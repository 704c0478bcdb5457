"""Tries weights out on one image before they judge frames."""

from __future__ import annotations

import math

import numpy as np

from laecips_core.errors import SelfCheckError
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.edge import Judgement
from laecips_core.pipeline.passing_thread import in_passing_thread
from laecips_core.prediction_maps import top_class
from laecips_core.values import Image
from laecips_core.values import Softmax

_TOLERANCE = 1e-3
_SEED = 0


def self_check(candidate: EdgeParts, running: EdgeParts, image: Image, classes: int) -> None:
    """
    Refuse weights whose numbers or classes cannot be meant.

    :param candidate: the weights, ready to run.
    :param running: the weights in use; asked only where the candidate calls every pixel the same.
    :param image: (H, W, 3) uint8 RGB, such as the last frame seen.
    :param classes: number of classes M.
    :raises SelfCheckError: when the candidate fails on the image, gives no softmax of M classes or
        no h in [0, 1], or calls every pixel the same where the running weights do not.
    """
    in_passing_thread(lambda: _self_check(candidate, running, image, classes))


def _self_check(candidate: EdgeParts, running: EdgeParts, image: Image, classes: int) -> None:
    what = f'self-check of weights {candidate.weights_version}'
    try:
        softmax = candidate.model.predict([image])[0]
        confidence = candidate.miner.confidence(softmax)
    except Exception as error:
        raise SelfCheckError(what, 'a prediction', repr(error)) from error
    _check_softmax(what, softmax, classes)
    if not 0.0 <= confidence <= 1.0:
        raise SelfCheckError(f'{what}: h', 'a number in [0, 1]', confidence)
    _check_classes(what, softmax, running, image)


def check_finite(judgement: Judgement) -> None:
    """
    Refuse a judgement with numbers that are none.

    :param judgement: of one frame.
    :raises SelfCheckError: when the softmax or h holds nan or infinity.
    """
    what = f'weights {judgement.parts.weights_version}'
    softmax = judgement.prediction.softmax
    if not np.isfinite(softmax).all():
        raise SelfCheckError(f'{what}: softmax', 'finite numbers', 'nan or inf')
    if not math.isfinite(judgement.confidence):
        raise SelfCheckError(f'{what}: h', 'a finite number', judgement.confidence)


def noise_image(size_px: tuple[int, int]) -> Image:
    """
    Give an image to try weights out on before any frame came; the same every time.

    :param size_px: height and width.
    """
    return np.random.default_rng(_SEED).integers(0, 256, (*size_px, 3), np.uint8)


def _check_softmax(what: str, softmax: Softmax, classes: int) -> None:
    if softmax.ndim != 3 or softmax.shape[0] != classes or softmax.size == 0:
        raise SelfCheckError(f'{what}: softmax', f"({classes}, H', W')", softmax.shape)
    if not np.isfinite(softmax).all():
        raise SelfCheckError(f'{what}: softmax', 'finite numbers', 'nan or inf')
    low, high = float(softmax.min()), float(softmax.max())
    if low < 0.0 or high > 1.0 + _TOLERANCE:
        raise SelfCheckError(f'{what}: softmax', 'numbers in [0, 1]', f'{low:g} to {high:g}')
    off = float(np.abs(softmax.sum(axis=0) - 1.0).max())
    if off > _TOLERANCE:
        raise SelfCheckError(f'{what}: softmax', 'a sum of 1 at every pixel', f'off by {off:g}')


def _check_classes(what: str, softmax: Softmax, running: EdgeParts, image: Image) -> None:
    labels, _ = top_class(softmax)
    label = int(labels.flat[0])
    if (labels != label).any():
        return
    ours, _ = top_class(running.model.predict([image])[0])
    if (ours != label).any():
        got = f'class {label} at every pixel'
        raise SelfCheckError(what, f'classes as varied as of {running.weights_version}', got)
