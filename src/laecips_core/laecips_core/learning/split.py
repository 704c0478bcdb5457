"""Which annotated frames are held out from pretraining, for the miner and the gate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_HOLD_OUT_EVERY = 7


def split_indices(frames: int) -> tuple[list[int], list[int]]:
    """
    Split a data set the same way wherever it is used.

    :param frames: length of the data set.
    :returns: indices to train on, and every seventh index, held out.
    """
    held_out = list(range(_HOLD_OUT_EVERY // 2, frames, _HOLD_OUT_EVERY))
    hidden = set(held_out)
    return [index for index in range(frames) if index not in hidden], held_out


def thin(indices: Sequence[int], count: int) -> list[int]:
    """
    Choose evenly spread members.

    :param indices: what to choose from.
    :param count: how many; all when there are not more.
    """
    rows = np.linspace(0, len(indices) - 1, min(count, len(indices))).round().astype(int)
    return [indices[row] for row in rows]
