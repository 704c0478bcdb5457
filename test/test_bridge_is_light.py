"""The bridge runs on a robot beside the edge node: it brings no torch into a second process."""

from __future__ import annotations

import subprocess
import sys


def test_the_bridge_does_not_import_torch() -> None:
    code = "import sys, laecips_bridge.bridge_node; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split()[-1] == 'False'
