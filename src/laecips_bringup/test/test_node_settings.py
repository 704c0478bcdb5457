from __future__ import annotations

from pathlib import Path

import pytest

from laecips_bringup.node_settings import checked
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.node_settings import parse_assignments
from laecips_bringup.node_settings import read_params_file
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.errors import ConfigError


def edge(*texts: str) -> dict[str, object]:
    return checked(EdgeConfig(), parse_assignments('--edge', texts))


def cloud(*texts: str) -> dict[str, object]:
    return checked(CloudConfig(), parse_assignments('--cloud', texts))


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('update.learning_rate=1e-4', 1e-4),
        ('update.learning_rate=0.001', 0.001),
        ('update.max_interval_s=600', 600.0),
        ('update.epochs=3', 3),
        ('update.rule=none', 'none'),
        ('store=', ''),
        ('store=a=b', 'a=b'),
        ('store=12', '12'),
        ('source.select=null', 'null'),
    ],
)
def test_values_get_the_type_of_their_setting(text: str, expected: object) -> None:
    (value,) = cloud(text).values()
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('update.epochs=2.5', r'update.epochs: expected int in \[1, 10000\], got 2.5'),
        ('update.epochs=many', 'update.epochs: .* got .many'),
        ('update.epochs=[', 'update.epochs: expected int'),
        ('update.learning_rate=yes', 'update.learning_rate: expected float .* got True'),
        ('update.learning_rate=fast', "update.learning_rate: expected float .* got 'fast'"),
        ('updates.rule=none', 'updates.rule: expected a known setting'),
    ],
)
def test_values_that_are_not_allowed_are_named(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cloud(text)


@pytest.mark.parametrize('text', ['miner.name', '=never'])
def test_assignment_needs_a_key_and_an_equals_sign(text: str) -> None:
    with pytest.raises(ConfigError, match='--edge: expected KEY=VALUE, got'):
        edge(text)


def test_last_assignment_wins() -> None:
    assert edge('miner.name=spp', 'miner.name=never') == {'miner.name': 'never'}


def test_rclpys_own_parameters_are_let_through() -> None:
    values = {'use_sim_time': True, 'qos_overrides./edge/mask.publisher.depth': 9}
    assert checked(EdgeConfig(), values) == values


def test_programs_name_module_and_parameters() -> None:
    program = edge_program({'miner.threshold': 1})
    assert (program.name, program.module) == ('edge', 'laecips_edge.edge_node')
    assert program.parameters == {
        'qos_overrides./image.subscription.reliability': 'reliable',
        'miner.threshold': 1.0,
    }
    program = cloud_program({})
    assert (program.name, program.module) == ('cloud', 'laecips_cloud.cloud_node')
    assert program.parameters == {}


def test_params_file_of_a_node_wins_over_that_of_all(tmp_path: Path) -> None:
    path = tmp_path / 'params.yaml'
    path.write_text(
        'edge:\n  ros__parameters:\n    miner: {name: spp}\n    uplink.policy: wait\n'
        'cloud:\n  ros__parameters: {store: x}\n'
        '/**:\n  ros__parameters:\n    miner.name: never\n    model: {threads: 1}\n'
        '/**/edge:\n  ros__parameters: {miner: {threshold: 0.3}, uplink.policy: provisional}\n',
        encoding='utf-8',
    )
    assert read_params_file(path, 'edge') == {
        'miner.name': 'spp',
        'uplink.policy': 'wait',
        'model.threads': 1,
        'miner.threshold': 0.3,
    }


@pytest.mark.parametrize('text', ['- 1', 'edge: 3', 'edge: {params: {}}', 'edge: {', ''])
def test_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'params.yaml'
    path.write_text(text, encoding='utf-8')
    with pytest.raises(ConfigError, match=r'expected a YAML file of the form NODE'):
        read_params_file(path, 'edge')


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'nowhere\.yaml: expected a YAML file'):
        read_params_file(tmp_path / 'nowhere.yaml', 'edge')
