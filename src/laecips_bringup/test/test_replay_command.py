from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.replay_command import add_arguments
from laecips_bringup.replay_command import run
from laecips_bringup.replay_command import write_run_masks
from laecips_bringup.stream import BagStream
from laecips_core.errors import ConfigError
from laecips_core.values import Source

MASK = np.full((2, 3), 4, np.uint8)


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


def test_masks_that_came_are_in_the_bag(tmp_path: Path) -> None:
    masks = [MASK, None, MASK + 1]
    frames = [
        FrameRecord(i, 10 + i, 0, mask, None, Source.EDGE, False, 0.9, 0.5, 'v', '', 0, 0, 0, 0, 0)
        for i, mask in enumerate(masks)
    ]
    path = write_run_masks(tmp_path, RunRecord('EDGE', 3, 2, 0, frames))
    assert path == tmp_path / 'masks'
    back = list(BagStream(path, image_topic='/edge/mask'))
    assert [(frame.stamp_ns, int(frame.image[0, 0, 0])) for frame in back] == [(10, 4), (12, 5)]
