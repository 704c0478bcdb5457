from __future__ import annotations

from pathlib import Path

import pytest

from laecips_bringup.launch_plan import node_plan
from laecips_bringup.launch_plan import NodePlan
from laecips_bringup.launch_plan import replay_words
from laecips_bringup.launch_plan import respawn_limit
from laecips_bringup.launch_plan import robot_defaults
from laecips_bringup.node_roles import BRIDGES
from laecips_bringup.node_roles import CLOUD
from laecips_bringup.node_roles import EDGE
from laecips_core.errors import ConfigError

CONFIG = Path('/config')


def edge(**values: str) -> NodePlan:
    return node_plan(EDGE, values, CONFIG)


def robot_file(folder: Path, text: str) -> Path:
    (folder / 'robots').mkdir()
    (folder / 'robots' / 'rex.yaml').write_text(text, encoding='utf-8')
    return folder


def test_without_arguments_the_file_of_the_role_decides() -> None:
    assert edge() == NodePlan(EDGE, '', CONFIG / 'edge.yaml', {}, (), 'info')


def test_empty_arguments_leave_the_parameters_to_the_file() -> None:
    names = ('image_transport', 'robot_name', 'autostart', 'use_sim_time', 'params_file')
    assert edge(**dict.fromkeys(names, '')) == edge()


def test_arguments_become_parameters_of_the_right_type() -> None:
    plan = edge(
        image_transport='compressed', robot_name='7', autostart='false', use_sim_time='true'
    )
    assert plan.parameters == {
        'image_transport': 'compressed',
        'uplink.robot': '7',
        'autostart': False,
        'use_sim_time': True,
    }


def test_each_role_has_its_own_name_of_the_robot() -> None:
    values = {'robot_name': 'rex'}
    assert node_plan(BRIDGES['robot'], values, CONFIG).parameters == {'robot': 'rex'}
    assert node_plan(BRIDGES['server'], values, CONFIG).parameters == {}
    assert node_plan(CLOUD, values, CONFIG).parameters == {}


def test_params_file_of_the_user_replaces_that_of_the_role() -> None:
    assert edge(params_file='/own.yaml').params_file == Path('/own.yaml')
    home = edge(params_file='~/own.yaml').params_file
    assert home == Path.home() / 'own.yaml'


def test_a_replay_gives_each_node_its_own_file_or_its_defaults() -> None:
    values = {'edge_params_file': '/edge.yaml', 'cloud_params_file': ''}
    assert node_plan(EDGE, values, CONFIG).params_file == Path('/edge.yaml')
    assert node_plan(CLOUD, values, CONFIG).params_file is None


def test_camera_topic_is_a_remapping() -> None:
    assert edge(image='/camera/image_raw').remappings == (('image', '/camera/image_raw'),)
    assert edge(image='image').remappings == ()


@pytest.mark.parametrize(
    ('namespace', 'name'),
    [
        ('/', '/cloud/segment_hard_frame'),
        ('server', '/server/cloud/segment_hard_frame'),
        ('/a/b/', '/a/b/cloud/segment_hard_frame'),
    ],
)
def test_a_shared_cloud_is_found_in_its_namespace(namespace: str, name: str) -> None:
    remappings = dict(edge(cloud_namespace=namespace).remappings)
    assert remappings['cloud/segment_hard_frame'] == name
    assert len(remappings) == 6


def test_a_robot_changes_defaults(tmp_path: Path) -> None:
    config = robot_file(tmp_path, 'image: /eye\nimage_transport: compressed\n')
    assert robot_defaults('rex', config) == {'image': '/eye', 'image_transport': 'compressed'}
    assert robot_defaults('', config) == {}


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('imag: /eye', r"rex\.yaml: imag: expected one of .*image.*, got 'imag'"),
        ('image_transport: jpeg', "image_transport: expected , raw, compressed, got 'jpeg'"),
        ('image: 3', r'image: expected a text, got 3'),
        ('- image', r'rex\.yaml: expected lines of the form ARGUMENT: VALUE'),
        ('image: [', r'robot: expected a readable .*rex\.yaml .while parsing'),
    ],
)
def test_a_file_of_a_robot_that_is_wrong_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        robot_defaults('rex', robot_file(tmp_path, text))


def test_a_robot_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'robot: expected a readable .*rex\.yaml'):
        robot_defaults('rex', tmp_path)


def test_respawn_limit_is_a_count() -> None:
    assert respawn_limit({'respawn_limit': '0'}) == 0
    for text in ('-1', '1.5', 'many', '', '²'):
        with pytest.raises(ConfigError, match='respawn_limit: expected an int of 0 or more'):
            respawn_limit({'respawn_limit': text})


def test_a_bag_or_the_patrol_is_replayed() -> None:
    assert replay_words({'bag': 'walk', 'out': 'o'}) == ['replay', '--bag', 'walk', '--out', 'o']
    assert replay_words({'frames': '3', 'out': 'o'}) == [
        'replay', '--dataset', 'patrol', '--frames', '3', '--out', 'o',
    ]  # fmt: skip
