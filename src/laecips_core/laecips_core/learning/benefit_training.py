"""Fit of the benefit miner: what the labels that count change in the answer of the frozen f."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from laecips_core.learning.miner_training import frozen_predictions
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.tensors import TrainingSet
from laecips_core.metrics.iou import image_miou
from laecips_core.mining.benefit import benefit_arrays
from laecips_core.mining.benefit import FEWEST_FRAMES
from laecips_core.mining.features import softmax_features
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import LabelMap
from laecips_core.values import Prediction
from laecips_core.values import Softmax
from laecips_core.values import UNLABELLED
from laecips_core.values import WeightArrays


def changed_share(softmax: Softmax, labels: LabelMap) -> float:
    """
    Measure how much the labels that count change the edge model's answer.

    :param softmax: (M, H', W') float32.
    :param labels: (H, W) uint8 class ids; 255 does not count.
    :returns: 1 − mIoU of the edge's labels over the classes in ``labels``, in [0, 1]; nan when
        nothing is labelled.
    """
    answer = edge_segmentation(Prediction(softmax, labels.shape, '')).labels
    return 1.0 - image_miou(answer, labels, len(softmax))


def with_benefit(pair: NetworkPair, data: TrainingSet) -> NetworkPair:
    """
    Give a pair whose benefit miner is fitted anew, where it has one and there are enough frames.

    :param pair: f and h.
    :param data: frames with the labels that count.
    :returns: the same networks; the benefit miner stays as it was where fewer than four frames
        have a label.
    """
    labelled = (data.labels != UNLABELLED).flatten(1).any(1).nonzero().squeeze(1)
    if not pair.benefit or len(labelled) < FEWEST_FRAMES:
        return pair
    return replace(pair, benefit=fit_benefit(pair, data.part(labelled)))


def fit_benefit(
    pair: NetworkPair, data: TrainingSet, changed: Tensor | None = None
) -> WeightArrays:
    """
    Fit the benefit miner to the frozen f.

    :param pair: f is read, nothing is changed: put the result into its field ``benefit``.
    :param data: N frames with the labels that count: fused ones of uploaded frames, or annotated
        source frames in good and bad light.
    :param changed: (N,) benefit of each frame where it is known better, such as mIoU(F) − mIoU(f);
        nan leaves a frame out. None: how much ``data.labels`` change f's answer; a frame without
        a label is left out.
    :returns: arrays as :func:`laecips_core.mining.benefit.benefit_arrays` gives them.
    :raises WeightsError: when fewer than 4 frames are left.
    """
    maps: NDArray[np.float32] = frozen_predictions(pair, data)[0].numpy()
    features = np.stack([softmax_features(softmax) for softmax in maps])
    if changed is None:
        shares = map(changed_share, maps, data.labels.numpy())
        benefits = np.fromiter(shares, np.float64, len(data))
    else:
        benefits = changed.double().numpy()
    counted = ~np.isnan(benefits)
    return benefit_arrays(features[counted], benefits[counted])
