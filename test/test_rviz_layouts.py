"""The layouts of rviz2 name topics that the nodes have, with the types that they give them."""

from __future__ import annotations

import os
from pathlib import Path

from launch_witness import LaunchWitness
import pytest
import yaml

from laecips_bringup.node_roles import CLOUD
from laecips_bringup.node_roles import EDGE
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.ros_domain import private_domain

FOLDER = Path(__file__).resolve().parents[1] / 'config' / 'rviz'
LAYOUTS = sorted(FOLDER.glob('*.rviz'))
TYPES = {'rviz_default_plugins/Image': 'sensor_msgs/msg/Image'}
"""What each display of rviz2 takes."""
SMALL_CLOUD = {'update.source_frames': 0, 'update.gate_frames': 0}


def displays(path: Path) -> dict[str, str]:
    """Read topics and the message types that their displays take."""
    layout = yaml.safe_load(path.read_text(encoding='utf-8'))
    found = layout['Visualization Manager']['Displays']
    return {f'/{one["Topic"]["Value"]}': TYPES[one['Class']] for one in found}


@pytest.fixture(scope='module')
def topics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Start edge and cloud, and list their topics with their types."""
    folder = tmp_path_factory.mktemp('nodes')
    found: dict[str, list[str]] = {}

    def listed(witness: LaunchWitness) -> bool:
        for role in (EDGE, CLOUD):
            found.update(witness.topics_of(role.name))
        return {'/image', '/edge/overlay', '/cloud/overlay'} <= set(found)

    with (
        private_domain(os.getpid()),
        NodeProcesses([edge_program({}), cloud_program(SMALL_CLOUD)], folder) as processes,
        LaunchWitness(processes.check) as witness,
    ):
        witness.until(lambda: listed(witness), 'the topics of the nodes')
    return found


def test_there_is_a_layout_for_robot_and_server() -> None:
    assert [path.stem for path in LAYOUTS] == ['robot', 'server']


@pytest.mark.parametrize('path', LAYOUTS, ids=lambda path: path.stem)
def test_displays_show_topics_of_the_nodes_with_their_types(
    path: Path, topics: dict[str, list[str]]
) -> None:
    shown = displays(path)
    assert {topic: topics.get(topic) for topic in shown} == {
        topic: [kind] for topic, kind in shown.items()
    }


def test_robot_layout_shows_camera_overlay_and_mask() -> None:
    assert list(displays(FOLDER / 'robot.rviz')) == ['/image', '/edge/overlay', '/edge/mask']


@pytest.mark.parametrize('path', LAYOUTS, ids=lambda path: path.stem)
def test_topics_are_relative_so_that_every_namespace_can_use_them(path: Path) -> None:
    layout = yaml.safe_load(path.read_text(encoding='utf-8'))
    names = [one['Topic']['Value'] for one in layout['Visualization Manager']['Displays']]
    assert [name for name in names if name.startswith('/')] == []


def test_server_layout_shows_what_comes_over_a_bridge_first() -> None:
    assert list(displays(FOLDER / 'server.rviz')) == ['/cloud/overlay', '/edge/overlay']
