"""The losses of Eq. 13 and 14."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from laecips_core.values import UNLABELLED


def frame_losses(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """
    Compute the loss l(f(x), y) of each frame: mean cross-entropy over its labelled pixels.

    :param logits: (N, M, h', w') scores at any resolution; upsampled to the labels'.
    :param labels: (N, h, w) int64 class ids, 255 ignored.
    :param weights: (M,) factor of each class's pixels; None for 1.
    :returns: (N,) losses; 0 for a frame without a labelled pixel.
    """
    scores = functional.interpolate(
        logits, labels.shape[-2:], mode='bilinear', align_corners=False
    )
    pixels = functional.cross_entropy(
        scores, labels, weights, ignore_index=UNLABELLED, reduction='none'
    )
    counts = (labels != UNLABELLED).sum(dim=(1, 2)).clamp(min=1)
    return pixels.sum(dim=(1, 2)) / counts


def miner_losses(miner_logits: Tensor, losses: Tensor, beta: float) -> Tensor:
    """
    Compute L_h = h · l − β · log h of each frame (Eq. 14), h being the sigmoid of its logit.

    With f frozen the minimum over h in (0, 1] is h = min(1, β / l): see docs/method.md.

    :param miner_logits: (N,) logits of h.
    :param losses: (N,) losses l of the frozen edge model.
    :param beta: β, larger is easier.
    :returns: (N,) losses of h.
    """
    return miner_logits.sigmoid() * losses - beta * functional.logsigmoid(miner_logits)
