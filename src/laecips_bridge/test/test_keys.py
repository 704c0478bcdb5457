"""Keys: one branch for each robot."""

from __future__ import annotations

import pytest
import zenoh

from laecips_bridge.errors import PayloadError
from laecips_bridge.errors import RobotRefusedError
from laecips_bridge.keys import BEAT
from laecips_bridge.keys import check_robot
from laecips_bridge.keys import every_robots
from laecips_bridge.keys import key_of
from laecips_bridge.keys import robot_of
from laecips_bridge.keys import SEGMENT
from laecips_bridge.keys import TOPICS
from laecips_bridge.keys import TRAIN
from laecips_bridge.keys import UPDATE
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame


def test_a_key_names_root_robot_and_thing() -> None:
    assert key_of('spot', SEGMENT) == 'laecips/spot/segment_hard_frame'


@pytest.mark.parametrize('what', [SEGMENT, UPDATE, TRAIN, BEAT, *TOPICS])
def test_the_servers_expression_takes_in_each_robots_key_and_no_other(what: str) -> None:
    expression = zenoh.KeyExpr(every_robots(what))
    assert expression.includes(zenoh.KeyExpr(key_of('spot', what)))
    assert not expression.includes(zenoh.KeyExpr(key_of('spot', f'{what}s')))
    assert not expression.includes(zenoh.KeyExpr(f'{key_of("spot", what)}/more'))


@pytest.mark.parametrize('robot', ['a', 'spot', '7', 'r2-d2_x', 'r' * 63])
def test_whose_a_key_is_can_be_read(robot: str) -> None:
    assert robot_of(key_of(robot, BEAT)) == robot


@pytest.mark.parametrize(
    'key',
    [
        '',
        'laecips',
        'laecips/spot',
        'laecips/spot/beat/more',
        'other/spot/beat',
        'laecips//beat',
        'laecips/*/beat',
        'laecips/**',
        'laecips/$*/beat',
        'laecips/Spot/beat',
        'laecips/-spot/beat',
        'laecips/spot\n/beat',
        f'laecips/{"r" * 64}/beat',
    ],
)
def test_another_key_is_refused(key: str) -> None:
    with pytest.raises(PayloadError, match='expected laecips/ROBOT/NAME'):
        robot_of(key)


def test_a_long_key_is_shortened_in_the_error() -> None:
    with pytest.raises(PayloadError) as caught:
        robot_of('k' * 10_000)
    assert len(str(caught.value)) < 200


def test_a_request_of_the_robot_itself_is_let_through() -> None:
    check_robot(SegmentHardFrame.Request(robot='spot', frame_uid='spot/1'), 'spot')


def test_a_request_that_belongs_to_nobody_is_let_through() -> None:
    check_robot(GetModelUpdate.Request(version='v'), 'spot')


@pytest.mark.parametrize(
    ('robot', 'frame_uid'),
    [('rex', 'spot/1'), ('spot', 'rex/1'), ('spot', 'spot1'), ('spot', ''), ('', 'spot/1')],
)
def test_a_request_that_speaks_for_another_robot_is_refused(robot: str, frame_uid: str) -> None:
    request = SegmentHardFrame.Request(robot=robot, frame_uid=frame_uid)
    with pytest.raises(RobotRefusedError, match='expected spot'):
        check_robot(request, 'spot')
