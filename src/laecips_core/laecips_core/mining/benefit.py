"""The benefit miner: ridge regression of what an upload would change, on cheap features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import ShapeError
from laecips_core.errors import WeightsError
from laecips_core.mining.features import feature_names
from laecips_core.mining.features import softmax_features
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays
from laecips_core.weights.checks import check_tensors

PREFIX = 'benefit.'
"""Start of the benefit miner's names among the arrays of a version; no other name has it."""

RIDGES = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Penalties to choose from, per frame and standardised feature."""

FEWEST_FRAMES = 4
# A spread this small beside the values is rounding: the feature says nothing.
_CONSTANT = 1e-5
# A class that was rare in the fit would else outweigh everything where it fills a frame.
_FARTHEST = 4.0


def only_benefit(arrays: WeightArrays) -> WeightArrays:
    """
    Pick the arrays of the benefit miner.

    :param arrays: the miner arrays of a version.
    """
    return {name: array for name, array in arrays.items() if name.startswith(PREFIX)}


def without_benefit(arrays: WeightArrays) -> WeightArrays:
    """
    Pick the arrays of the learned miner: all but those of the benefit miner.

    :param arrays: the miner arrays of a version.
    """
    return {name: array for name, array in arrays.items() if not name.startswith(PREFIX)}


def benefit_arrays(
    features: NDArray[np.floating[Any]],
    benefits: NDArray[np.floating[Any]],
    ridge: Sequence[float] = RIDGES,
) -> WeightArrays:
    """
    Fit the regression, in closed form; deterministic.

    Features are standardised; one that does not vary gets no weight. The penalty is the one with
    the smallest squared error of frames left out one at a time, of equally good ones the largest.

    :param features: (N, D) of :func:`laecips_core.mining.features.softmax_features`; N may be
        below D.
    :param benefits: (N,) what an upload changed, such as a difference of mIoU.
    :param ridge: penalties to choose from, each above 0, per frame; at least one.
    :returns: ``benefit.mean``, ``benefit.scale`` and ``benefit.weight`` (D,), ``benefit.bias`` and
        ``benefit.spread`` (1,), all float32: the standardisation, the change of the benefit per
        standardised feature, and mean and standard deviation of the benefits.
    :raises ShapeError: when features and benefits are not of one number of frames.
    :raises WeightsError: when there are fewer than 4 frames, or a number is not finite.
    """
    x, y = np.asarray(features, np.float64), np.asarray(benefits, np.float64)
    _check_frames(x, y)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    constant = deviation <= _CONSTANT * np.maximum(np.abs(mean), _CONSTANT)
    scale = np.where(constant, 1.0, deviation)
    standard = np.where(constant, 0.0, (x - mean) / scale)
    weight = _ridge_weight(standard, y - y.mean(), ridge)
    spread = y.std()
    fitted = {
        'mean': mean,
        'scale': scale,
        'weight': np.where(constant, 0.0, weight),
        'bias': [y.mean()],
        'spread': [spread if spread > _CONSTANT**2 else 1.0],
    }
    return {PREFIX + name: np.asarray(array, np.float32) for name, array in fitted.items()}


def _check_frames(features: NDArray[np.float64], benefits: NDArray[np.float64]) -> None:
    if features.ndim != 2 or benefits.shape != features.shape[:1]:
        raise ShapeError(
            'benefits', '(N,) beside (N, D) features', (benefits.shape, features.shape)
        )
    if len(benefits) < FEWEST_FRAMES:
        raise WeightsError(
            'frames of a benefit fit',
            f'at least {FEWEST_FRAMES}',
            len(benefits),
            'give more frames with labels',
        )
    if not (np.isfinite(features).all() and np.isfinite(benefits).all()):
        raise WeightsError('benefit fit', 'finite features and benefits', 'nan or inf')


def _ridge_weight(
    standard: NDArray[np.float64], centred: NDArray[np.float64], ridge: Sequence[float]
) -> NDArray[np.float64]:
    """
    Solve for every penalty from one decomposition, and keep the best.

    The error of a frame left out is its residual over 1 − leverage, without another fit.
    """
    frames = len(centred)
    left, singular, right = np.linalg.svd(standard, full_matrices=False)
    along = left.T @ centred
    best, smallest = np.zeros(standard.shape[1]), np.inf
    for penalty in sorted(ridge, reverse=True):
        shrunk = singular**2 / (singular**2 + frames * penalty)
        leverage = 1.0 / frames + left**2 @ shrunk
        left_out = (centred - left @ (shrunk * along)) / (1.0 - leverage)
        error = float(left_out @ left_out)
        if error < smallest:
            smallest = error
            best = right.T @ (singular / (singular**2 + frames * penalty) * along)
    return best


class BenefitMiner:
    """
    Hard is where an upload promises to change much.

    With z the predicted benefit, less the mean benefit of the frames it was fitted on, in standard
    deviations of theirs, the confidence is (1 − z / (1 + |z|)) / 2. It falls strictly with z, and
    unlike a sigmoid stays apart from 0 and 1 on frames far from those. A feature counts up to 4
    standard deviations from its mean: of what lies beyond, the fit knows nothing.

    :param classes: number of classes M.
    :param arrays: the miner arrays of a version; only those of :func:`benefit_arrays` are read.
    """

    name = 'benefit'

    def __init__(self, classes: int, arrays: WeightArrays) -> None:
        """
        Keep the regression.

        :raises WeightsError: when its arrays are missing, of other shapes, or scale by 0 or less.
        """
        own = only_benefit(arrays)
        if not own:
            remedy = 'pretrain or let a training round fit them'
            raise WeightsError('miner weights', f'arrays named {PREFIX}…', 'none', remedy)
        features = len(feature_names(classes))
        vectors = dict.fromkeys(('mean', 'scale', 'weight'), (features,))
        shapes = vectors | dict.fromkeys(('bias', 'spread'), (1,))
        check_tensors({PREFIX + name: shape for name, shape in shapes.items()}, own)
        for name in ('scale', 'spread'):
            if not (own[PREFIX + name] > 0).all():
                raise WeightsError(PREFIX + name, 'numbers above 0', own[PREFIX + name].min())
        self._mean, self._scale, self._weight = (
            np.asarray(own[PREFIX + name], np.float64) for name in vectors
        )
        self._bias, self._spread = (float(own[PREFIX + name][0]) for name in ('bias', 'spread'))

    def benefit(self, softmax: Softmax) -> float:
        """
        Predict what an upload would change.

        :param softmax: (M, H', W') float32.
        :returns: in the unit of the benefits it was fitted on, not bounded.
        """
        return self._bias + self._above_mean(softmax)

    def confidence(self, softmax: Softmax) -> float:
        """
        Judge one prediction.

        :param softmax: (M, H', W') float32.
        :returns: in (0, 1); 0.5 for the mean benefit of the frames it was fitted on.
        """
        z = self._above_mean(softmax) / self._spread
        return 0.5 - 0.5 * z / (1.0 + abs(z))

    def _above_mean(self, softmax: Softmax) -> float:
        standard = (softmax_features(softmax) - self._mean) / self._scale
        return float(self._weight @ np.clip(standard, -_FARTHEST, _FARTHEST))
