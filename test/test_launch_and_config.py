"""Launch files name nodes that exist, and parameter files settings that exist."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from importlib.util import module_from_spec
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bringup.node_settings import checked
from laecips_bringup.node_settings import read_params_file
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig

ROOT = Path(__file__).resolve().parents[1]
LAUNCH_FILES = sorted((ROOT / 'launch').glob('*.launch.py'))


def _nodes(path: Path) -> Iterator[tuple[str, str]]:
    for call in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == 'Node'
        ):
            words = {k.arg: k.value for k in call.keywords}
            yield ast.literal_eval(words['package']), ast.literal_eval(words['executable'])


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_files_start_executables_that_are_installed(path: Path) -> None:
    nodes = list(_nodes(path))
    assert nodes
    for package, executable in nodes:
        assert f'{executable} = {package}.' in (ROOT / 'src' / package / 'setup.py').read_text()


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
@pytest.mark.skipif(find_spec('launch_ros') is None, reason='launch_ros is not installed')
def test_launch_files_give_a_description(path: Path) -> None:
    spec = spec_from_file_location('launch_file', path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.generate_launch_description().entities


@pytest.mark.parametrize(
    ('file', 'node', 'config'),
    [
        ('edge', 'edge', EdgeConfig()),
        ('flat_domain', 'edge', EdgeConfig()),
        ('cloud', 'cloud', CloudConfig()),
        ('bridge_robot', 'bridge', BridgeConfig()),
        ('bridge_server', 'bridge', BridgeConfig()),
    ],
)
def test_parameter_files_hold_known_settings_in_bounds(
    file: str, node: str, config: object
) -> None:
    values = read_params_file(ROOT / 'config' / f'{file}.yaml', node)
    assert values
    checked(config, values)
