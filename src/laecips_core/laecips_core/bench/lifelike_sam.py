"""A SAM with random weights whose masks and scores are spread as those of a trained one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from laecips_core.config import MaskConfig
from laecips_core.masks.automatic.point_grid import point_grid
from laecips_core.masks.sam_architecture import SamArchitecture
from laecips_core.masks.sam_model import empty_sam
from laecips_core.masks.sam_model import SamModel
from laecips_core.values import Image

_WAVES = 4
_POINTS_PER_SIDE = 12
_MEAN_IOU, _IOU_DEVIATION = 0.84, 0.1
_LOGIT_DEVIATION = 60.0
_INSIDE_SHARE = 0.2


def lifelike_sam(sizes: SamArchitecture, image: Image, seed: int = 0) -> Any:
    """
    Build a ``Sam`` of segment-anything.

    Random weights alone give noise for masks, the same for each point, and one score. Here the
    image embedding is smooth, a mask depends on its point, a fifth of a mask's pixels are inside
    it, and predicted IoU is 0.84 ± 0.1; about a third of the masks pass the usual 0.88.

    :param sizes: any; the decoder works as hard as that of a trained SAM of these sizes.
    :param image: (H, W, 3) uint8 RGB, on which scores and masks are spread so.
    :param seed: of the weights.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        sam = empty_sam(sizes).requires_grad_(False).eval()
        _smooth_embedding(sam.image_encoder)
        settings = MaskConfig(device='cpu', attention='plain')
        _spread(sam, SamModel('bench', sam, settings), image)
    return sam


def small_sizes(prompt_width: int = 256, image_px: int = 256) -> SamArchitecture:
    """
    Give the sizes of a SAM with next to no image encoder.

    :param prompt_width: channels of the decoder, a multiple of 16; 256 is the published one.
    :param image_px: side of the input, a multiple of 16.
    """
    encoder = (image_px, 16, 32, 2, 2, 128, 7, (1,))
    return SamArchitecture(*encoder, prompt_width, 16, 2, 8, 8 * prompt_width, 3, prompt_width, 3)


def _smooth_embedding(encoder: Any) -> None:
    side, width = encoder.pos_embed.shape[2:]
    along = (torch.arange(side) + 0.5) / side
    waves = torch.stack([torch.cos(math.pi * k * along) for k in range(_WAVES + 1)])
    waves = torch.einsum('ky,lx->yxkl', waves, waves).flatten(2)[..., 1:]
    mixed = waves @ torch.randn(waves.shape[2], width) / math.sqrt(waves.shape[2])
    encoder.pos_embed.copy_(2.0 * mixed)
    encoder.patch_embed.proj.weight.mul_(0.05)


def _spread(sam: Any, model: SamModel, image: Image) -> None:
    decoder = sam.mask_decoder
    encoded = model.encode(image)
    points = point_grid(_POINTS_PER_SIDE, encoded.fit)
    tokens, _ = model.attended(encoded.features, points)
    _even_out(decoder.output_upscaling)
    networks = decoder.output_hypernetworks_mlps[1:]
    for number, network in enumerate(networks):
        _leave_differences(network.layers[-1], network(tokens[:, 2 + number]))
    _spread_scores(decoder.iou_prediction_head, tokens[:, 0])
    logits = torch.cat([model.decode(encoded, some, 0.0)[0] for some in torch.split(points, 64)])
    height, width = (
        inside * side // sam.image_encoder.img_size
        for inside, side in zip(encoded.fit.inside_px, encoded.fit.mask_px, strict=True)
    )
    for number, network in enumerate(networks):
        _spread_logits(network.layers[-1], logits[number :: len(networks), :height, :width])


def _even_out(upscaling: Any) -> None:
    """Take the noise out of scaling up, and make one channel the same everywhere."""
    for layer in (upscaling[0], upscaling[3]):
        layer.weight.copy_(layer.weight.mean(dim=(2, 3), keepdim=True).expand_as(layer.weight))
    upscaling[3].weight[:, 0], upscaling[3].bias[0] = 0.0, 1.0


def _leave_differences(last: Any, kernels: Tensor) -> None:
    """Take away what the masks of all points have in common."""
    last.bias.sub_(kernels.mean(dim=0))
    last.weight[0], last.bias[0] = 0.0, 0.0


def _spread_scores(head: Any, tokens: Tensor) -> None:
    last, scores = head.layers[-1], head(tokens)
    gain = _IOU_DEVIATION / scores.std(dim=0)
    last.weight.mul_(gain[:, None])
    last.bias.copy_((last.bias - scores.mean(dim=0)) * gain + _MEAN_IOU)


def _spread_logits(last: Any, logits: Tensor) -> None:
    """Set spread and, by the channel that is the same everywhere, level of the logits."""
    gain = _LOGIT_DEVIATION / logits.std()
    last.weight.mul_(gain)
    last.bias.mul_(gain)
    level = np.quantile((logits * gain).numpy(), 1.0 - _INSIDE_SHARE)
    last.bias[0] = -float(level) / float(functional.gelu(torch.tensor(1.0)))
