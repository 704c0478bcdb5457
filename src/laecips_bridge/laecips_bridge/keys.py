"""The names of what crosses the link: one branch of keys for each robot."""

from __future__ import annotations

from typing import Any

from laecips_bridge.bridge_config import ROBOT_NAME
from laecips_bridge.errors import PayloadError
from laecips_bridge.errors import RobotRefusedError

ROOT = 'laecips'
SEGMENT = 'segment_hard_frame'
UPDATE = 'get_model_update'
TRAIN = 'train_now'
BEAT = 'beat'
TOPICS = ('model_version', 'training_round')
"""Latched topics of the cloud that the robot's bridge offers again."""


def key_of(robot: str, what: str) -> str:
    """
    Name one thing of one robot.

    :param robot: its name, which must also stand in its certificate.
    :param what: SEGMENT, UPDATE, TRAIN, BEAT or one of TOPICS.
    """
    return f'{ROOT}/{robot}/{what}'


def every_robots(what: str) -> str:
    """
    Give the key expression of one thing of all robots; the server's side of :func:`key_of`.

    :param what: as for :func:`key_of`.
    """
    return f'{ROOT}/*/{what}'


def robot_of(key: str) -> str:
    """
    Read whose a key is.

    :param key: a key as it came; untrusted.
    :raises PayloadError: when it is not of this form.
    """
    parts = key.split('/')
    if len(parts) != 3 or parts[0] != ROOT or not ROBOT_NAME.fullmatch(parts[1]):
        raise PayloadError('key', f'{ROOT}/ROBOT/NAME', repr(key)[:100])
    return parts[1]


def check_robot(request: Any, robot: str) -> None:
    """
    Refuse a request that speaks for another robot than the one whose key it came by.

    :param request: of any service; one without robot and frame uid belongs to nobody.
    :param robot: whose key it was, and so whose certificate.
    :raises RobotRefusedError: when they differ.
    """
    told = getattr(request, 'robot', robot)
    uid = getattr(request, 'frame_uid', f'{robot}/')
    if told != robot or not uid.startswith(f'{robot}/'):
        raise RobotRefusedError('robot in the request', robot, f'{told[:80]} {uid[:80]}')
