from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys
from threading import current_thread
from threading import enumerate as living_threads

import pytest

from laecips_core.pipeline.passing_thread import in_passing_thread

# The workers end a moment after the thread that they worked for.
_THREADS_AROUND_A_LOAD = """
import os, time
import cv2, torch
from laecips_core.config import EdgeConfig
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.self_check import noise_image, self_check
cv2.setNumThreads(1)
threads = lambda: len(os.listdir('/proc/self/task'))
before, ends_s = threads(), time.monotonic() + 10.0
edge = build_edge(EdgeConfig())
parts = edge.parts.load(edge.start)
self_check(parts, parts, noise_image((240, 320)), len(edge.parts.catalogue))
while threads() > before and time.monotonic() < ends_s:
    time.sleep(0.01)
print(before, threads())
"""


def test_work_is_done_in_a_thread_that_has_ended_afterwards() -> None:
    worked_in = in_passing_thread(current_thread)
    assert worked_in is not current_thread()
    assert worked_in not in living_threads()


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_passing_thread(lambda: 1 / 0)


@pytest.mark.skipif(not Path('/proc/self/task').is_dir(), reason='threads are counted on Linux')
def test_loading_and_checking_weights_leaves_no_worker_of_openmp() -> None:
    done = subprocess.run(
        [sys.executable, '-c', _THREADS_AROUND_A_LOAD],
        env={**os.environ, 'OMP_NUM_THREADS': '2'},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    before, after = done.stdout.split()[-2:]
    assert after == before
