"""Fusion that mixes each pixel's own softmax with its mask's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from laecips_core.config import FusionConfig
from laecips_core.fusion.bare import keep_edge
from laecips_core.fusion.scores import discounted
from laecips_core.fusion.scores import mean_scores
from laecips_core.fusion.segments import cut
from laecips_core.fusion.segments import Segments
from laecips_core.prediction_maps import confidence_bytes
from laecips_core.prediction_maps import full_softmax
from laecips_core.prediction_maps import running_top
from laecips_core.values import MaskSet
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Softmax
from laecips_core.values import Source

_LEAST = np.float32(1e-12)
"""Probability that stands for 0, whose logarithm is not finite."""

_BLOCK_PX = 65536


class LogMixFusion:
    """
    Takes, in every pixel, the best class of a geometric mean of pixel and mask.

    The mask is the smallest over the pixel; its part is its mean softmax, discounted by the
    frame's. Without a discount, ``pixel_share`` 0 is Algorithm 1; 1 is always the edge alone.

    :param config: the pixel's share and the discount.
    """

    name = 'log_mix'

    def __init__(self, config: FusionConfig) -> None:
        """Keep the settings."""
        self._share = np.float32(config.pixel_share)
        self._class_discount = config.class_discount

    def fuse(self, prediction: Prediction, masks: MaskSet) -> Segmentation:
        """
        Label every pixel by share * log(pixel) + (1 - share) * log(mask's discounted mean).

        :param prediction: of the same frame.
        :param masks: K masks; none leaves the edge's labels.
        :returns: labels, with the mask's discounted mean of the label as confidence, or the
            pixel's own under no mask.
        :raises ShapeError: when sizes differ or the mask set breaks its contract.
        """
        segments = cut(prediction, masks)
        softmax = full_softmax(prediction)
        means = discounted(mean_scores(softmax, segments), softmax, self._class_discount)
        # Pixels under no mask read the last, empty mask; they are overwritten below.
        means = np.append(means, np.zeros_like(means, shape=(len(means), 1)), axis=1)
        labels, confidence = self._mixed(softmax, means, segments)
        keep_edge(softmax, segments, labels, confidence)
        return Segmentation(
            labels.reshape(masks.size_px),
            confidence.reshape(masks.size_px),
            Source.FUSED,
            prediction.weights_version,
        )

    def _mixed(
        self, softmax: Softmax, means: NDArray[np.float32], segments: Segments
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        flat = softmax.reshape(len(softmax), -1)
        mask_part = np.log(np.maximum(means, _LEAST)) * (1 - self._share)
        mask_bytes = confidence_bytes(means)
        masks = np.repeat(segments.tops, np.diff(segments.bounds))
        labels = np.empty(flat.shape[1], np.uint8)
        confidence = np.empty(flat.shape[1], np.uint8)
        for start in range(0, flat.shape[1], _BLOCK_PX):
            block = slice(start, start + _BLOCK_PX)
            here = masks[block]
            labels[block], _ = running_top(
                self._share * np.log(np.maximum(plane[block], _LEAST)) + part[here]
                for plane, part in zip(flat, mask_part, strict=True)
            )
            confidence[block] = mask_bytes[labels[block], here]
        return labels, confidence
