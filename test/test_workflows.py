"""The workflows do what a developer does: make targets, on the ROS 2 that the pins are for."""

from __future__ import annotations

from pathlib import Path
import re
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
JOBS: dict[str, Any] = yaml.safe_load(
    (ROOT / '.github' / 'workflows' / 'ci.yml').read_text(encoding='utf-8')
)['jobs']


def made(job: str) -> list[str]:
    """List the targets that a job makes, in order."""
    lines = [step['run'] for step in JOBS[job]['steps'] if 'run' in step]
    return [target for line in lines for target in re.findall(r'(?:^|&& )make (\w+)', line)]


@pytest.mark.parametrize('job', JOBS)
def test_jobs_make_targets_that_exist(job: str) -> None:
    targets = re.findall(r'^([a-z]+):', (ROOT / 'Makefile').read_text('utf-8'), re.MULTILINE)
    assert made(job) == ['lint', 'test']
    assert set(made(job)) <= set(targets)


@pytest.mark.parametrize('job', JOBS)
def test_jobs_run_on_every_distribution_that_has_pins(job: str) -> None:
    pinned = sorted(
        path.stem.removeprefix('ros-') for path in (ROOT / 'requirements').glob('ros-*.txt')
    )
    assert sorted(JOBS[job]['strategy']['matrix']['distro']) == pinned


def test_one_job_has_the_official_images_and_the_other_the_wheels() -> None:
    assert JOBS['installed']['container'] == 'ros:${{ matrix.distro }}'
    python = [step['with'] for step in JOBS['wheels']['steps'] if 'with' in step]
    assert python == [{'python-version': '3.11'}]
    assert JOBS['wheels']['env'] == {'ROS_DISTRO': '${{ matrix.distro }}'}
