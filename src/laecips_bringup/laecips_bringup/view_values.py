"""What the live page is told and what it shows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from laecips_core.catalogue import ClassCatalogue
from laecips_core.values import Image
from laecips_core.values import LabelMap


@dataclass(frozen=True)
class FrameReport:
    """
    What a report says of one frame; see ``laecips_msgs/Report``.

    :param stamp_ns: capture time of the frame in ns.
    :param source: who made the mask, such as FUSED; ``unknown (7)`` for a number without a name.
    :param refined: belongs to ``~/refined_mask``, not to ``~/mask``.
    :param hard: verdict of the miner.
    :param sent: whether the image went to the cloud.
    :param confidence: h in [0, 1].
    :param threshold: δ in [0, 1].
    :param weights_version: edge weights behind the mask.
    :param fallback_reason: why a hard frame fell back; empty otherwise.
    :param latency_s: from the image's arrival at the edge node to its mask, in seconds.
    """

    stamp_ns: int
    source: str
    refined: bool
    hard: bool
    sent: bool
    confidence: float
    threshold: float
    weights_version: str
    fallback_reason: str
    latency_s: float


@dataclass(frozen=True)
class RoundNews:
    """
    State of a training round; see ``laecips_msgs/TrainingRound``.

    :param number: of the round, from 1.
    :param state: such as STARTED or RELEASED; ``unknown (7)`` for a number without a name.
    :param version: version that runs after it.
    :param reason: what gate or error said.
    :param samples: fused frames trained on.
    :param duration_s: training and gate in seconds.
    """

    number: int
    state: str
    version: str
    reason: str
    samples: int
    duration_s: float


@dataclass(frozen=True)
class LinkNews:
    """
    The link as a bridge finds it; see ``laecips_msgs/LinkState``.

    :param state: UP, DEGRADED or DOWN; ``unknown (7)`` for a number without a name.
    :param reason: why it is so.
    """

    state: str
    reason: str


@dataclass(frozen=True)
class Span:
    """
    Something that holds for a while, on the time line.

    :param row: of the time line.
    :param kind: decides colour and legend, such as RELEASED.
    :param label: short, for the bar.
    :param text: long, for the reader who points at it.
    :param start_s: seconds since the page's start.
    :param end_s: same; None while it goes on.
    """

    row: str
    kind: str
    label: str
    text: str
    start_s: float
    end_s: float | None = None


@dataclass(frozen=True)
class FramePoint:
    """
    One answered frame in the plots.

    :param number: counts them from 1.
    :param run: counts the runs from 0; no line joins two.
    :param at_s: when its report came, in seconds since the page's start.
    :param source: who made the mask.
    :param latency_s: from image to mask, in seconds.
    :param upload_rate: share of the last frames that went to the cloud, in [0, 1].
    """

    number: int
    run: int
    at_s: float
    source: str
    latency_s: float
    upload_rate: float


@dataclass(frozen=True)
class ScorePoint:
    """
    One scored mask in the plots.

    :param number: counts them from 1.
    :param run: counts the runs from 0; no line joins two.
    :param at_s: when both mask and truth were there, in seconds since the page's start.
    :param miou: of this mask, in [0, 1].
    :param mean_miou: mean of the last ones, in [0, 1].
    """

    number: int
    run: int
    at_s: float
    miou: float
    mean_miou: float


@dataclass(frozen=True)
class Picture:
    """
    A frame, or a mask and its frame.

    :param stamp_ns: capture time in ns.
    :param at_s: when it came, in seconds since the page's start.
    :param image: (H, W, 3) uint8 RGB; None when the frame of the mask was not received.
    :param labels: (H', W') uint8 class ids; None for a frame alone.
    """

    stamp_ns: int
    at_s: float
    image: Image | None
    labels: LabelMap | None

    @property
    def key(self) -> tuple[int, float, bool]:
        """Equal for pictures that look the same."""
        return self.stamp_ns, self.at_s, self.image is not None


@dataclass(frozen=True)
class Snapshot:
    """
    All that a page shows at one time.

    :param now_s: seconds since the page's start.
    :param frame: newest frame; None before the first.
    :param edge_mask: newest mask of the edge model; None before the first.
    :param fused_mask: newest fused mask; None before the first.
    :param report: newest report of a mask; None before the first.
    :param catalogue: the classes; None before the edge told them.
    :param weights_version: that the edge uses; empty before it told.
    :param link: newest state of the link; None where no bridge tells one.
    :param frames: points of the plots, oldest first.
    :param scores: same; empty while nobody publishes the truth.
    :param spans: the time line, oldest first.
    """

    now_s: float
    frame: Picture | None
    edge_mask: Picture | None
    fused_mask: Picture | None
    report: FrameReport | None
    catalogue: ClassCatalogue | None
    weights_version: str
    link: LinkNews | None
    frames: tuple[FramePoint, ...]
    scores: tuple[ScorePoint, ...]
    spans: tuple[Span, ...]
