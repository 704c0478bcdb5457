"""The example of docs/howto/own_miner.md: an own miner, in a package of its own, judges frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import re
import subprocess
import sys

import pytest

from laecips_core.config import MinerConfig
from laecips_core.errors import UnknownNameError
from laecips_core.registry import build_miner

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / 'docs' / 'examples' / 'own_miner'
PAGE = ROOT / 'docs' / 'howto' / 'own_miner.md'

_JUDGE = """
from laecips_core.config import DataSetConfig, EdgeConfig
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.registry import build_dataset
from laecips_core.setting import replace_settings
pipeline = build_edge(replace_settings(EdgeConfig(), {'miner.name': 'road_ahead'})).pipeline
done = pipeline.process(build_dataset(DataSetConfig(frames=1))[0].frame)
below = done.prediction.softmax[:, done.prediction.softmax.shape[1] // 2:].max(axis=0)
assert abs(done.verdict.confidence - below.mean()) < 1e-6
print(done.verdict.miner)
"""


def test_own_miner_judges_frames_on_the_edge(
    installed_example: Callable[[str], dict[str, str]],
) -> None:
    done = subprocess.run(
        [sys.executable, '-c', _JUDGE],
        env=installed_example('own_miner'),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ('road_ahead\n', 0), done.stderr


def test_without_the_package_the_miner_is_unknown() -> None:
    with pytest.raises(UnknownNameError, match='road_ahead'):
        build_miner(MinerConfig(name='road_ahead'), 2, {})


@pytest.mark.parametrize('name', ['own_miner.py', 'pyproject.toml'])
def test_page_shows_the_example_as_it_is(name: str) -> None:
    blocks = re.findall(r'^```\w+\n(.*?)^```', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert (EXAMPLE / name).read_text() in blocks
