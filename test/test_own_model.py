"""The example of docs/models.md: an own model, in a package of its own, runs the whole way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import re
import subprocess
import sys

import pytest

from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.errors import UnknownNameError
from laecips_core.registry import network_builder
from laecips_core.weights.files import load_update

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / 'docs' / 'examples' / 'own_model'
PAGE = ROOT / 'docs' / 'models.md'

_TRAIN_AND_RUN = """
import sys
from laecips_bringup.cli import main
from laecips_core.config import DataSetConfig, EdgeConfig
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.registry import build_dataset
from laecips_core.setting import replace_settings
out, name = sys.argv[1:]
words = ['--frames', '8', '--epochs', '1', '--miner-epochs', '1', '--out', out]
assert main(['pretrain', '--model', name, *words]) == 0
values = {'model.name': name, 'model.weights': out}
edge = build_edge(replace_settings(EdgeConfig(), values))
result = edge.pipeline.process(build_dataset(DataSetConfig(frames=1))[0].frame)
print(result.segmentation.labels.shape, result.segmentation.weights_version)
"""


def test_own_model_is_trained_and_runs_on_the_edge(
    installed_example: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    out = tmp_path / 'own.safetensors'
    done = subprocess.run(
        [sys.executable, '-c', _TRAIN_AND_RUN, str(out), 'tiny_unet'],
        env=installed_example('own_model'),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'training on 7 frames, 1 held out' in done.stdout
    manifest = load_update(out, LimitsConfig().max_update_bytes).manifest
    assert manifest.model == 'tiny_unet'
    assert f'(360, 480) {manifest.version}' in done.stdout


def test_without_the_package_the_model_is_unknown() -> None:
    with pytest.raises(UnknownNameError, match='tiny_unet'):
        network_builder(EdgeModelConfig(name='tiny_unet'))


@pytest.mark.parametrize('name', ['own_model.py', 'pyproject.toml'])
def test_page_shows_the_example_as_it_is(name: str) -> None:
    blocks = re.findall(r'^```\w+\n(.*?)^```', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert (EXAMPLE / name).read_text() in blocks


def test_own_model_has_at_most_30_lines() -> None:
    assert len((EXAMPLE / 'own_model.py').read_text().splitlines()) <= 30
