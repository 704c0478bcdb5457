from __future__ import annotations

import pytest

from laecips_bringup.node_exits import check_replay
from laecips_bringup.node_exits import NodeExits
from laecips_bringup.node_exits import NodeGaveUpError
from laecips_bringup.node_exits import NodeRefusedError
from laecips_bringup.node_exits import ReplayFailedError


def test_node_is_given_up_after_its_new_starts() -> None:
    exits = NodeExits('edge', 2)
    exits.add(1)
    exits.add(-9)
    with pytest.raises(NodeGaveUpError, match=r'node edge: .* got exit status -11 after 2 new'):
        exits.add(-11)


def test_without_new_starts_the_first_end_is_the_last() -> None:
    with pytest.raises(NodeGaveUpError, match='after 0 new starts'):
        NodeExits('edge', 0).add(0)


def test_node_that_refuses_its_settings_is_not_started_again() -> None:
    with pytest.raises(NodeRefusedError, match=r'node edge: expected settings .* exit status 2'):
        NodeExits('edge', 5).add(2)


def test_replay_must_end_with_0() -> None:
    check_replay(0)
    with pytest.raises(ReplayFailedError, match='expected exit status 0, got 1'):
        check_replay(1)
