"""Launch files name arguments and nodes that exist, and parameter files settings that exist."""

from __future__ import annotations

from importlib.util import find_spec
from importlib.util import module_from_spec
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest
import yaml

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bringup.launch_arguments import ARGUMENTS
from laecips_bringup.launch_page import arguments_of
from laecips_bringup.launch_page import COMMAND
from laecips_bringup.launch_page import launch_files
from laecips_bringup.launch_page import TABLES
from laecips_bringup.launch_plan import robot_defaults
from laecips_bringup.node_roles import NodeRole
from laecips_bringup.node_roles import ROLES
from laecips_bringup.node_settings import checked
from laecips_bringup.node_settings import read_params_file
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.setting import settings_of

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / 'config'
PAGE = ROOT / 'docs' / 'launch.md'
LAUNCH_FILES = sorted((ROOT / 'launch').glob('*.launch.py'))
ROBOTS = sorted(path.stem for path in (CONFIG / 'robots').glob('*.yaml'))
CONFIGS = {'edge': EdgeConfig(), 'cloud': CloudConfig(), 'bridge': BridgeConfig()}
"""Defaults of every node by its name."""


@pytest.mark.parametrize('role', ROLES.values(), ids=ROLES)
def test_roles_name_executables_and_parameters_that_are_installed(role: NodeRole) -> None:
    setup = (ROOT / 'src' / role.package / 'setup.py').read_text(encoding='utf-8')
    assert f'{role.executable} = {role.module}:main' in setup
    known = {name for name, _, _ in settings_of(CONFIGS[role.name])}
    assert role.robot_parameter in {'', *known}
    values = read_params_file(CONFIG / role.params_file, role.name)
    assert values
    checked(CONFIGS[role.name], values)


def test_settings_for_one_flat_domain_are_known() -> None:
    checked(EdgeConfig(), read_params_file(CONFIG / 'flat_domain.yaml', 'edge'))


def test_every_launch_file_is_installed() -> None:
    assert [path.name for path in launch_files()] == [path.name for path in LAUNCH_FILES]


def test_every_argument_is_used_and_described() -> None:
    used = {one.name for path in LAUNCH_FILES for one in arguments_of(path)}
    assert used == set(ARGUMENTS)
    assert [one.name for one in ARGUMENTS.values() if not one.description.endswith('.')] == []


def test_defaults_are_among_the_choices() -> None:
    chosen = [one for one in ARGUMENTS.values() if one.choices]
    assert [one.name for one in chosen if one.default not in one.choices] == []


def test_robots_to_choose_from_are_those_of_the_folder() -> None:
    assert ARGUMENTS['robot'].choices == ('', *ROBOTS)


@pytest.mark.parametrize('robot', ROBOTS)
def test_robots_set_arguments_of_the_edge_launch_file(robot: str) -> None:
    values = robot_defaults(robot, CONFIG)
    assert set(values) <= {one.name for one in arguments_of(ROOT / 'launch' / 'edge.launch.py')}
    assert values['image']
    checked(EdgeConfig(), {'image_transport': values['image_transport']})


def test_transports_to_choose_from_are_those_of_the_edge_node() -> None:
    (fact,) = [fact for name, _, fact in settings_of(EdgeConfig()) if name == 'image_transport']
    assert ARGUMENTS['image_transport'].choices == ('', *fact.choices)


def test_page_is_not_stale() -> None:
    page = PAGE.read_text(encoding='utf-8')
    assert page == TABLES.written_into(page), f'run {COMMAND}'


def test_page_has_a_table_for_every_launch_file() -> None:
    page = PAGE.read_text(encoding='utf-8')
    assert [path for path in LAUNCH_FILES if f'### {path.name.split(".")[0]}\n' not in page] == []


def test_configuration_of_subfolders_is_installed() -> None:
    installed = launch_files()[0].parents[1] / 'config'
    assert sorted(path.stem for path in (installed / 'robots').glob('*.yaml')) == ROBOTS
    assert yaml.safe_load((installed / 'rviz' / 'robot.rviz').read_text(encoding='utf-8'))


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
@pytest.mark.skipif(
    find_spec('launch_ros') is None, reason='launch_ros is not installed (the wheels lack it)'
)
def test_launch_files_declare_the_arguments_they_name(path: Path) -> None:
    spec = spec_from_file_location('launch_file', path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    declared = module.generate_launch_description().get_launch_arguments()
    assert [one.name for one in declared] == [one.name for one in arguments_of(path)]
