from __future__ import annotations

from collections.abc import Iterator
import os
import subprocess
import sys

import cv2
import pytest

from laecips_core.engines.processor_share import share_processor
from laecips_core.engines.processor_share import SPIN_COUNT

# libgomp tells its settings, as it understood them, when it is loaded.
_SHARED = """
from laecips_core.engines.processor_share import share_processor
share_processor()
import torch
"""


@pytest.fixture(autouse=True)
def opencv_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def test_workers_wait_awake_for_a_short_time_only() -> None:
    environment: dict[str, str] = {}
    share_processor(environment)
    assert environment == {'GOMP_SPINCOUNT': SPIN_COUNT}


@pytest.mark.parametrize('name', ['GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'])
def test_what_the_user_chose_is_kept(name: str) -> None:
    environment = {name: 'chosen'}
    share_processor(environment)
    assert environment == {name: 'chosen'}


def test_opencv_works_in_the_thread_that_calls_it() -> None:
    share_processor({})
    assert cv2.getNumThreads() == 1


def test_torchs_openmp_takes_it() -> None:
    chosen = {'GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'}
    inherited = {name: value for name, value in os.environ.items() if name not in chosen}
    done = subprocess.run(
        [sys.executable, '-c', _SHARED],
        env={**inherited, 'OMP_DISPLAY_ENV': 'VERBOSE'},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{SPIN_COUNT}'" in done.stderr
