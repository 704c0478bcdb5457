"""Fused attention for the image encoder of segment-anything."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import nn
from torch import Tensor
from torch.nn import functional


def fuse_attention(image_encoder: nn.Module) -> None:
    """
    Let the blocks of an image encoder attend in one fused step.

    Neither scores nor their softmax are held in memory then; the relative positions are, as the
    bias of the scores.

    :param image_encoder: an ``ImageEncoderViT``; its blocks are changed.
    """
    blocks: Any = image_encoder.blocks
    for block in blocks:
        block.attn.forward = MethodType(_fused, block.attn)


def _fused(attention: Any, x: Tensor) -> Tensor:
    """Compute what ``Attention.forward`` of segment-anything does."""
    batch, height, width, channels = x.shape
    heads, pixels = attention.num_heads, height * width
    qkv = attention.qkv(x).reshape(batch, pixels, 3, heads, channels // heads)
    q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
    bias = _position_bias(attention, q, height, width) if attention.use_rel_pos else None
    seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=attention.scale)
    projected: Tensor = attention.proj(
        seen.transpose(1, 2).reshape(batch, height, width, channels)
    )
    return projected


def _position_bias(attention: Any, q: Tensor, height: int, width: int) -> Tensor:
    """Give (B, heads, H * W, H * W): what each query adds for rows and columns of the keys."""
    at = q.reshape(*q.shape[:2], height, width, q.shape[3])
    rows = torch.einsum('bnhwc,hkc->bnhwk', at, _offsets(attention.rel_pos_h, height, q))
    columns = torch.einsum('bnhwc,wkc->bnhwk', at, _offsets(attention.rel_pos_w, width, q))
    bias = rows[..., :, None] + columns[..., None, :]
    return bias.flatten(4).flatten(2, 3)


def _offsets(table: Tensor, size: int, like: Tensor) -> Tensor:
    """Pick (size, size, channels) of a (2 * size - 1, channels) table by query and key."""
    place = torch.arange(size, device=table.device)
    return table[place[:, None] - place[None, :] + size - 1].to(like.dtype)
