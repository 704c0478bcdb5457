"""An edge whose engine needs no torch never imports it."""

from __future__ import annotations

from dataclasses import asdict
import json
import subprocess
import sys
from typing import Any

from laecips_core.config import EdgeModelConfig

LIFE = """
import json, sys
import numpy as np
from laecips_core.config import EdgeConfig, EdgeModelConfig
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.self_check import self_check
from laecips_core.values import Frame, ModelWeights
from laecips_core.weights.encoding import encode

edge = build_edge(EdgeConfig(model=EdgeModelConfig(**json.load(sys.stdin))))
image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
before = edge.pipeline.process(Frame(image, 0, 'a'))
weights = edge.parts.unpack(edge.start)
other = {name: array * 1.1 for name, array in weights.edge.items()}
update = encode(
    ModelWeights(other, weights.miner), model='fast_scnn', catalogue=edge.parts.catalogue
)
parts = edge.parts.load(update)
self_check(parts, edge.pipeline.running.parts, image, len(edge.parts.catalogue))
edge.pipeline.swap(parts)
after = edge.pipeline.process(Frame(image, 1, 'b'))
print(json.dumps({
    'miner': before.verdict.miner,
    'changed': float(np.abs(before.prediction.softmax - after.prediction.softmax).max()),
    'facts': edge.facts(),
    'large': sorted({'torch', 'onnx', 'transformers', 'torchvision'} & set(sys.modules)),
}))
"""


def live(config: EdgeModelConfig) -> dict[str, Any]:
    """Start an edge in a process of its own, let it label, swap weights, and label again."""
    done = subprocess.run(
        [sys.executable, '-c', LIFE],
        input=json.dumps(asdict(config)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_an_edge_in_onnxruntime_never_imports_torch(onnxruntime_config: EdgeModelConfig) -> None:
    told = live(onnxruntime_config)
    assert told['large'] == []
    assert told['miner'] == 'learned'
    assert {'engine': 'onnxruntime', 'device': 'cpu'}.items() <= told['facts'].items()
    assert float(str(told['changed'])) > 1e-3
