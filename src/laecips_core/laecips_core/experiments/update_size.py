"""What a weight update costs on the link."""

from __future__ import annotations

from laecips_core.values import ModelWeights
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.delta import full_bytes


def update_bytes(parent: ModelWeights, child: ModelWeights) -> int:
    """
    Give the smaller of the sparse delta and the full weights, both compressed.

    :param parent: the weights that the edge runs.
    :param child: the weights that it shall run.
    :returns: bytes.
    """
    return min(len(encode_delta(parent, child)), len(full_bytes(child)))
