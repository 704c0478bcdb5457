from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from pathlib import Path

import pytest

from laecips_bringup.replay_command import add_arguments
from laecips_bringup.replay_command import run
from laecips_core.errors import ConfigError


def parse(*words: str) -> Namespace:
    parser = ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(['--frames', '2', *words])


@pytest.mark.parametrize(
    'words',
    [('--edge', 'a=b'), ('--cloud', 'a=b'), ('--edge-params', 'x'), ('--cloud-params', 'x')],
)
def test_settings_need_nodes_that_we_start(words: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match=f'{words[0]}: expected --start-nodes beside it'):
        run(parse(*words))


def test_bad_setting_is_refused_before_any_node_is_started(tmp_path: Path) -> None:
    words = '--start-nodes', '--edge', 'miner.threshold=2', '--out', str(tmp_path / 'out')
    with pytest.raises(ConfigError, match=r'miner\.threshold: expected float in'):
        run(parse(*words))
    assert not (tmp_path / 'out').exists()
