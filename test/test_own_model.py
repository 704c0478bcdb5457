"""The example of docs/models.md: an own model, in a package of its own, runs the whole way."""

from __future__ import annotations

import os
from pathlib import Path
import re
import subprocess
import sys
import tomllib

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


@pytest.fixture(scope='module')
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """
    Install the example as pip does, without pip: the module and its metadata in one folder.

    :returns: environment of a process that sees it.
    """
    folder = tmp_path_factory.mktemp('site')
    project = tomllib.loads((EXAMPLE / 'pyproject.toml').read_text())
    name, version = project['project']['name'], project['project']['version']
    for module in project['tool']['setuptools']['py-modules']:
        (folder / f'{module}.py').write_text((EXAMPLE / f'{module}.py').read_text())
    about = folder / f'{name.replace("-", "_")}-{version}.dist-info'
    about.mkdir()
    (about / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
    groups = project['project']['entry-points']
    lines = [
        line
        for group, points in groups.items()
        for line in (f'[{group}]', *(f'{point} = {value}' for point, value in points.items()))
    ]
    (about / 'entry_points.txt').write_text('\n'.join(lines))
    paths = [str(folder), os.environ.get('PYTHONPATH', '')]
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(paths), 'OMP_NUM_THREADS': '1'}


def test_own_model_is_trained_and_runs_on_the_edge(
    installed: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / 'own.safetensors'
    done = subprocess.run(
        [sys.executable, '-c', _TRAIN_AND_RUN, str(out), 'tiny_unet'],
        env=installed,
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
