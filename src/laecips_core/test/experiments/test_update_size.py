from __future__ import annotations

import numpy as np

from laecips_core.experiments.update_size import update_bytes
from laecips_core.values import ModelWeights
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.delta import full_bytes

RNG = np.random.default_rng(0)
NUMBERS = RNG.standard_normal(4000).astype(np.float16).astype(np.float32)
PARENT = ModelWeights({'w': NUMBERS}, {})


def test_a_small_change_costs_its_delta() -> None:
    changed = NUMBERS.copy()
    changed[7] += 1.0
    child = ModelWeights({'w': changed}, {})
    assert update_bytes(PARENT, child) == len(encode_delta(PARENT, child)) < 200


def test_weights_that_are_simpler_whole_are_sent_whole() -> None:
    child = ModelWeights({'w': np.ones(4000, np.float32)}, {})
    size = update_bytes(PARENT, child)
    assert size == len(full_bytes(child)) < len(encode_delta(PARENT, child))
