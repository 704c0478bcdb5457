"""The paper's fusion rule."""

from __future__ import annotations

import numpy as np

from laecips_core.config import FusionConfig
from laecips_core.fusion.bare import keep_edge
from laecips_core.fusion.scores import mean_scores
from laecips_core.fusion.segments import cut
from laecips_core.prediction_maps import confidence_bytes
from laecips_core.prediction_maps import full_softmax
from laecips_core.values import MaskSet
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source


class PlainFusion:
    """
    Gives every mask its best class (Alg. 1).

    Larger masks go first and smaller ones on top; pixels under no mask keep the edge's class.

    :param config: not read.
    """

    name = 'plain'

    def __init__(self, config: FusionConfig) -> None:
        """Need nothing."""

    def fuse(self, prediction: Prediction, masks: MaskSet) -> Segmentation:
        """
        Name the masks.

        :param prediction: of the same frame.
        :param masks: K masks; none leaves the edge's labels.
        :returns: labels, with the mask's mean probability of the label as confidence, or the
            pixel's own under no mask.
        :raises ShapeError: when sizes differ or the mask set breaks its contract.
        """
        segments = cut(prediction, masks)
        softmax = full_softmax(prediction)
        means = mean_scores(softmax, segments)
        classes = means.argmax(axis=0).astype(np.uint8)
        labels = segments.paint(classes)
        confidence = segments.paint(confidence_bytes(means.max(axis=0)))
        keep_edge(softmax, segments, labels, confidence)
        return Segmentation(
            labels.reshape(masks.size_px),
            confidence.reshape(masks.size_px),
            Source.FUSED,
            prediction.weights_version,
        )
