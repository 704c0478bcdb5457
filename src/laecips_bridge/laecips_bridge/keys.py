"""The names of what crosses the link: one branch of keys for each robot."""

from __future__ import annotations

import re

from laecips_bridge.errors import PayloadError

ROOT = 'laecips'
SEGMENT = 'segment_hard_frame'
UPDATE = 'get_model_update'
TRAIN = 'train_now'
BEAT = 'beat'
TOPICS = ('model_version', 'training_round')
"""Latched topics of the cloud that the robot's bridge offers again."""

ROBOT_NAME = re.compile(r'[a-z0-9][a-z0-9_-]{0,62}')


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
        raise PayloadError('key', f'{ROOT}/ROBOT/NAME', key)
    return parts[1]
