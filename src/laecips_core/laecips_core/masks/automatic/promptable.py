"""What a model must be able to do so that the automatic path can ask it with points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Protocol

import torch
from torch import Tensor

from laecips_core.values import Image


@dataclass(frozen=True)
class ImageFit:
    """
    How an image lies in the input of a model, and its mask logits over it.

    :param inside_px: (h, w) of the image within the model's input, from the top left corner.
    :param mask_px: (h, w) of the mask logits that the decoder gives.
    :param canvas_px: (h, w) to which mask logits are scaled up before what is outside the image is
        cut away; None where they cover the image and nothing else.
    """

    inside_px: tuple[int, int]
    mask_px: tuple[int, int]
    canvas_px: tuple[int, int] | None = None


@dataclass(frozen=True)
class EncodedImage:
    """
    An image after the image encoder.

    :param features: what the model's decoder takes, on its device; of any form.
    :param fit: how the image lies in the input.
    """

    features: Any
    fit: ImageFit


class PromptableModel(Protocol):
    """An image encoder, and a decoder that gives masks for points."""

    name: str
    mask_threshold: float
    """Logit above which a pixel is in a mask."""

    @property
    def device(self) -> torch.device:
        """Where it runs."""

    def encode(self, image: Image) -> EncodedImage:
        """
        Run the image encoder.

        :param image: (H, W, 3) uint8 RGB.
        """

    def decode(
        self, encoded: EncodedImage, points: Tensor, min_predicted_iou: float
    ) -> tuple[Tensor, Tensor]:
        """
        Give the masks for points, several for each; only those that are good enough.

        :param encoded: the image.
        :param points: (P, 2) float64 as x, y in pixels of the model's input, on its device.
        :param min_predicted_iou: as :func:`good_enough` takes it.
        :returns: (K, h, w) float32 mask logits at low resolution and (K,) float32 predicted IoU,
            in the order of the points; K may be 0.
        """


def good_enough(predicted_iou: Tensor, min_predicted_iou: float) -> Tensor:
    """
    Tell which masks a model itself believes in.

    :param predicted_iou: of any shape.
    :param min_predicted_iou: smaller or equal ones are not good enough; 0 or less: all are, as in
        segment-anything.
    :returns: bool of the same shape.
    """
    if min_predicted_iou <= 0.0:
        return torch.ones_like(predicted_iou, dtype=torch.bool)
    return predicted_iou > min_predicted_iou
