"""A training round, off the wire or out of a bag."""

from __future__ import annotations

from typing import Any

from laecips_bringup.records import RoundRecord
from laecips_bringup.replay_state import RELEASED
from laecips_bringup.replay_state import ROLLED_BACK
from laecips_bringup.replay_state import STARTED
from laecips_msgs.msg import TrainingRound

ROUND_STATES = {
    TrainingRound.STARTED: STARTED,
    TrainingRound.RELEASED: RELEASED,
    TrainingRound.REJECTED: 'REJECTED',
    TrainingRound.FAILED: 'FAILED',
    TrainingRound.ROLLED_BACK: ROLLED_BACK,
}


def round_of(news: Any) -> RoundRecord:
    """
    Read the state of a training round.

    :param news: ``laecips_msgs/TrainingRound``, of rclpy or of rosbags.
    """
    return RoundRecord(
        number=int(news.training_round),
        state=ROUND_STATES.get(news.state, f'unknown ({news.state})'),
        version=news.version,
        reason=news.reason,
        samples=int(news.samples),
        duration_s=float(news.duration_s),
        after_frame=0,
    )
