"""What can happen to a training round."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from laecips_core.errors import LaecipsError


class RoundStoppedError(LaecipsError):
    """The node ends while a round runs."""

    code = 'round_stopped'

    def __init__(self) -> None:
        """Say what becomes of the round."""
        super().__init__('the node is told to stop: the round is given up, the weights stay')


class RoundState(IntEnum):
    """State of a round; the numbers are those of ``laecips_msgs/TrainingRound``."""

    STARTED = 0
    RELEASED = 1
    REJECTED = 2
    FAILED = 3
    ROLLED_BACK = 4


@dataclass(frozen=True)
class RoundEvent:
    """
    What happens to a round.

    :param number: of the round, from 1.
    :param state: what happened.
    :param samples: fused frames in it.
    :param reason: what the gate or the error said; empty when STARTED.
    :param duration_s: of training and gate, in seconds; 0 when STARTED.
    """

    number: int
    state: RoundState
    samples: int
    reason: str = ''
    duration_s: float = 0.0
