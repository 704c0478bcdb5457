"""What a replay through the running nodes leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from laecips_core.values import LabelMap
from laecips_core.values import Source


@dataclass(frozen=True)
class FrameRecord:
    """
    One frame fed in and what came back on ``~/mask`` and ``~/report``.

    :param index: position in the stream, from 0.
    :param stamp_ns: capture time in ns.
    :param task: task it belongs to, from 0.
    :param mask: (H, W) uint8 class ids; None when no mask came.
    :param truth: (H, W) uint8 class ids; None when there is no annotation.
    :param source: who made the mask.
    :param hard: verdict of the miner.
    :param confidence: h in [0, 1].
    :param threshold: δ in [0, 1].
    :param weights_version: edge weights behind the mask.
    :param fallback_reason: why a hard frame fell back; empty otherwise.
    :param latency_s: from the image's arrival at the node to its mask, in seconds.
    :param edge_s: edge model and miner, in seconds.
    :param cloud_s: round trip to the cloud, in seconds; 0 when none.
    :param bytes_up: encoded image sent, in bytes.
    :param bytes_down: encoded mask received, in bytes.
    :param reported: whether a report came; else all it would say is empty.
    :param failed: code of the error for which the frame could not be used; empty otherwise.
    :param failure: its text.
    """

    index: int
    stamp_ns: int
    task: int
    mask: LabelMap | None
    truth: LabelMap | None
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
    reported: bool = True
    failed: str = ''
    failure: str = ''


@dataclass(frozen=True)
class RoundRecord:
    """
    One finished training round.

    :param number: of the round, from 1.
    :param state: RELEASED, REJECTED or FAILED.
    :param version: version that runs after it.
    :param reason: what gate or error said.
    :param samples: fused frames trained on.
    :param duration_s: training and gate in seconds.
    :param after_frame: index of the last frame fed in before it finished.
    """

    number: int
    state: str
    version: str
    reason: str
    samples: int
    duration_s: float
    after_frame: int


@dataclass
class RunRecord:
    """
    One replay of a stream.

    :param method: row of the table, such as EDGE, CLOUD or LAECIPS.
    :param frames_fed: frames published; one that nobody could read is not.
    :param masks_received: messages on ``~/mask``; equal to ``frames_fed`` when all is well.
    :param update_bytes: payload of all weight updates that reached the edge, in bytes.
    :param frames: one record for each frame of the stream, in order.
    :param rounds: finished training rounds in order.
    :param edge_counts: what the edge's diagnostics counted of frames during the run, by name,
        without the failures that are in ``frames``; empty when none came.
    """

    method: str
    frames_fed: int = 0
    masks_received: int = 0
    update_bytes: int = 0
    frames: list[FrameRecord] = field(default_factory=list)
    rounds: list[RoundRecord] = field(default_factory=list)
    edge_counts: dict[str, int] = field(default_factory=dict)
