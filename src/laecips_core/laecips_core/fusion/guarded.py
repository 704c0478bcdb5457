"""Fusion that renames only where the masks are clear and the edge is not sure."""

from __future__ import annotations

import numpy as np

from laecips_core.config import FusionConfig
from laecips_core.fusion.scores import discounted
from laecips_core.fusion.scores import mean_scores
from laecips_core.fusion.segments import cut
from laecips_core.prediction_maps import confidence_bytes
from laecips_core.prediction_maps import full_softmax
from laecips_core.prediction_maps import top_class
from laecips_core.values import MaskSet
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source


class GuardedFusion:
    """
    Algorithm 1 with two guards, which keep the edge's own class of a pixel.

    A mask is named by its mean softmax, discounted by the frame's. It renames nothing where its
    best class leads the second by less than ``min_margin``, not even for a larger mask below; a
    pixel whose own top probability is above ``keep_pixel_above`` keeps its class in every mask.

    :param config: the two guards and the discount.
    """

    name = 'guarded'

    def __init__(self, config: FusionConfig) -> None:
        """Keep the settings."""
        self._config = config

    def fuse(self, prediction: Prediction, masks: MaskSet) -> Segmentation:
        """
        Name the clear masks.

        :param prediction: of the same frame.
        :param masks: K masks; none leaves the edge's labels.
        :returns: labels, with the mask's discounted mean of the label as confidence, or the
            pixel's own where the edge's class stays.
        :raises ShapeError: when sizes differ or the mask set breaks its contract.
        """
        segments = cut(prediction, masks)
        softmax = full_softmax(prediction)
        means = discounted(mean_scores(softmax, segments), softmax, self._config.class_discount)
        # A class that is not there stands below the only one of a one-class model.
        second, best = np.sort(np.append(np.zeros_like(means[:1]), means, axis=0), axis=0)[-2:]
        clear = best - second >= np.float32(self._config.min_margin)
        labels, top = top_class(softmax)
        renamed = segments.paint(clear.astype(np.uint8)).view(np.bool_).reshape(masks.size_px)
        renamed &= top <= np.float32(self._config.keep_pixel_above)
        classes = segments.paint(means.argmax(axis=0).astype(np.uint8))
        shares = segments.paint(confidence_bytes(best))
        return Segmentation(
            np.where(renamed, classes.reshape(masks.size_px), labels),
            np.where(renamed, shares.reshape(masks.size_px), confidence_bytes(top)),
            Source.FUSED,
            prediction.weights_version,
        )
