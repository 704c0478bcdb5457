"""
One edge in a process of its own: started, asked once, and its memory looked at.

``python -m laecips_core.bench.edge_process`` reads the edge model's settings as JSON from standard
input and writes its facts as JSON to standard output.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
import time

from laecips_core.config import EdgeConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.self_check import noise_image
from laecips_core.values import Frame

_STATUS = Path('/proc/self/status')
_KIB_PER_MB = 1e6 / 1024


def main() -> None:
    """Start, label one frame, and tell."""
    config = EdgeModelConfig(**json.loads(sys.stdin.read()))
    edge = build_edge(EdgeConfig(model=config))
    edge.pipeline.process(Frame(noise_image(edge.parts.input_size_px), 0, 'first'))
    facts = {
        'answered_s': time.monotonic(),
        'resident_mb': _resident_mb(),
        'torch_imported': 'torch' in sys.modules,
    }
    print(json.dumps(facts))


def _resident_mb() -> float:
    """Read the resident memory of this process; Linux tells it in units of 1024 bytes."""
    for line in _STATUS.read_text(encoding='utf-8').splitlines():
        name, _, value = line.partition(':')
        if name == 'VmRSS':
            return int(value.split()[0]) / _KIB_PER_MB
    raise RuntimeError(f'{_STATUS} tells no resident memory')


if __name__ == '__main__':
    main()
