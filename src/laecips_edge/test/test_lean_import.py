"""The node itself imports no library that only some engines need."""

from __future__ import annotations

import subprocess
import sys

LOOK = """
import sys
import laecips_edge.edge_node
print(sorted({'torch', 'onnx', 'onnxruntime', 'transformers', 'skimage'} & set(sys.modules)))
"""


def test_the_node_imports_no_engine() -> None:
    done = subprocess.run(
        [sys.executable, '-c', LOOK], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == '[]'
