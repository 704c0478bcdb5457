"""A hundred lives of a node in one process leave no memory and no thread behind."""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

_MOST_BYTES = 5_000_000
_TIMEOUT_S = 400


@pytest.mark.timeout(_TIMEOUT_S)
@pytest.mark.parametrize('name', ['edge', 'cloud', 'bridge_robot', 'bridge_server'])
def test_lives_leave_nothing_behind(name: str, tmp_path: Path) -> None:
    # A process for each: what other tests leave would be measured, too.
    out = tmp_path / 'left.json'
    program = Path(__file__).with_name('lifecycle_cycles.py')
    variables = {
        **os.environ,
        'HOME': str(tmp_path),
        'ROS_DOMAIN_ID': str(1 + os.getpid() % 100),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'OMP_NUM_THREADS': '1',
    }
    done = subprocess.run(
        [sys.executable, str(program), name, str(out)],
        env=variables,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    left = json.loads(out.read_text())
    assert left['more_threads'] <= 0
    assert left['grown_bytes'] < _MOST_BYTES
