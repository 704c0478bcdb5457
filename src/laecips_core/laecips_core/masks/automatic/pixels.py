"""Counts and finds pixels of many masks at once, eight to a word; on any device."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_WORD = 8
_WORDS_SUMMED = 128
"""Sums of so many bytes of 0 and 1 still fit a byte."""


def count_pixels(masks: Tensor) -> Tensor:
    """
    Count the pixels of masks.

    :param masks: (K, H, W) bool.
    :returns: (K,) int64.
    """
    flat = masks.flatten(1)
    flat = functional.pad(flat, (0, -flat.shape[1] % (_WORD * _WORDS_SUMMED)))
    groups = flat.shape[1] // (_WORD * _WORDS_SUMMED)
    words = flat.view(torch.int64).view(len(flat), groups, _WORDS_SUMMED)
    # Each byte of a word counts its own pixels; none is carried over to its neighbour.
    counts: Tensor = words.sum(dim=2).view(torch.uint8).sum(dim=1)
    return counts


def find_pixels(flags: Tensor) -> tuple[Tensor, Tensor]:
    """
    Find what is set; most is not.

    :param flags: (K, N) bool, contiguous, N a multiple of 8.
    :returns: (E,) int64 rows and (E,) int64 columns of the set ones, row by row.
    """
    words = flags.view(torch.int64).flatten().nonzero()[:, 0]
    found = flags.view(-1, _WORD)[words].nonzero()
    places = words[found[:, 0]] * _WORD + found[:, 1]
    return places // flags.shape[1], places % flags.shape[1]


def stability(logits: Tensor, threshold: float, offset: float) -> Tensor:
    """
    Tell how little masks change when they are cut a little higher or lower.

    :param logits: (K, H, W) float32.
    :param threshold: logit above which a pixel is in a mask.
    :param offset: by how much higher and lower, 0 or more.
    :returns: (K,) float32 IoU of both cuts, in [0, 1]; 0 for a mask that is empty in both.
    """
    inner = count_pixels(logits > threshold + offset)
    outer = count_pixels(logits > threshold - offset)
    return inner / outer.clamp(min=1)
