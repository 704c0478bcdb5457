"""What a report says of a frame, off the wire or out of a bag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from laecips_core.values import Source


@dataclass(frozen=True)
class Answer:
    """
    What a report says of a frame; see ``laecips_msgs/Report`` and :class:`FrameRecord`.

    :param training_round: rounds the cloud had started when it answered; 0 when it did not.
    """

    source: Source
    hard: bool
    confidence: float
    threshold: float
    weights_version: str
    fallback_reason: str
    latency_s: float
    edge_s: float
    cloud_s: float
    bytes_up: int
    bytes_down: int
    training_round: int


NO_ANSWER = Answer(Source.EDGE, False, 0.0, 0.0, '', '', 0.0, 0.0, 0.0, 0, 0, 0)
"""Stands in the record of a frame without a report; its mask is None unless that came alone."""


def answer_of(report: Any) -> Answer:
    """
    Read a report.

    :param report: ``laecips_msgs/Report``, of rclpy or of rosbags.
    """
    return Answer(
        source=Source(report.source),
        hard=bool(report.hard),
        confidence=float(report.confidence),
        threshold=float(report.threshold),
        weights_version=report.weights_version,
        fallback_reason=report.fallback_reason,
        latency_s=float(report.total_s),
        edge_s=float(report.edge_s),
        cloud_s=float(report.cloud_s),
        bytes_up=int(report.bytes_up),
        bytes_down=int(report.bytes_down),
        training_round=int(report.training_round),
    )
