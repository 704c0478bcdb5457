"""One hard frame between its judgement and its mask."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from std_msgs.msg import Header

from laecips_core.pipeline.edge import EdgePass
from laecips_core.values import Segmentation


@dataclass(frozen=True)
class JudgedFrame:
    """
    A frame that the edge has judged, with what its mask needs.

    :param edge: what the edge made of it.
    :param header: of the input image.
    :param arrived_s: when the image came, on the process's steady clock.
    :param provisional: the edge's own mask has gone out: what comes back refines it.
    """

    edge: EdgePass
    header: Header
    arrived_s: float
    provisional: bool = False

    @property
    def frame_uid(self) -> str:
        """Identity of the frame."""
        return self.edge.frame.frame_uid

    def age_s(self) -> float:
        """Give the time since its image came, in seconds."""
        return perf_counter() - self.arrived_s


@dataclass(frozen=True)
class CloudAnswer:
    """
    What came back for a hard frame.

    :param segmentation: the fused mask.
    :param cloud_s: from sending to the answer, in seconds.
    :param compute_s: what the cloud spent of it, in seconds.
    :param bytes_up: encoded image, in bytes.
    :param bytes_down: encoded mask, in bytes.
    :param training_round: rounds the cloud had started.
    """

    segmentation: Segmentation
    cloud_s: float
    compute_s: float
    bytes_up: int
    bytes_down: int
    training_round: int
