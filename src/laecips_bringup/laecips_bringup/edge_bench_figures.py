"""What ``laecips bench edge`` measures, and what it makes of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

import numpy as np


@dataclass(frozen=True)
class Walk:
    """
    Frames that were published as the answers came.

    :param answered_s: seconds from publishing a frame to its last answer, in order of arrival.
    :param spent_s: from the first frame to the last answer.
    :param lost: frames without one.
    """

    answered_s: list[float]
    spent_s: float
    lost: int


@dataclass(frozen=True)
class Flood:
    """
    Frames that were published at a rate of their own.

    :param ages_s: of each mask when it came, in seconds since its frame was published.
    :param sent: frames.
    :param dropped: frames that the node says it dropped.
    """

    ages_s: list[float]
    sent: int
    dropped: int


@dataclass
class Blocks:
    """
    What was measured in turns, so that a busy machine slows all alike.

    :param bare_s: seconds of each frame in the bare loop.
    :param streamed: two frames in flight: the node is never idle.
    :param alone: one frame in flight: nothing waits.
    :param drawn: the same with somebody who waits for the overlay too.
    """

    bare_s: list[float] = field(default_factory=list)
    streamed: list[Walk] = field(default_factory=list)
    alone: list[Walk] = field(default_factory=list)
    drawn: list[Walk] = field(default_factory=list)


def figures_of(blocks: Blocks, flood: Flood) -> dict[str, object]:
    """
    Compare node and bare loop.

    :param blocks: what was measured by turns.
    :param flood: a camera that is too fast.
    :returns: ``ratio``: frames a second of the node over those of the bare loop; milliseconds that
        the node adds from publishing a frame to its mask, and that the overlay adds to them; the
        age of a mask that comes from too fast a camera, over the time of a frame. With two frames
        in flight a frame may be superseded before the worker is free; with one, none may be lost.
    """
    bare_ms, alone_ms = 1000 * np.asarray(blocks.bare_s), _ms(blocks.alone)
    drawn_ms = _ms(blocks.drawn)
    bare_fps, node_fps = 1000 / float(bare_ms.mean()), fps_of(blocks.streamed)
    ages = np.asarray(flood.ages_s) * node_fps
    figures: dict[str, object] = {
        'ratio': node_fps / bare_fps,
        'bare_fps': bare_fps,
        'node_fps': node_fps,
    }
    for name, share in (('p50', 0.5), ('p95', 0.95)):
        bare, alone, drawn = (float(np.quantile(x, share)) for x in (bare_ms, alone_ms, drawn_ms))
        figures |= {
            f'bare_ms_{name}': bare,
            f'added_ms_{name}': alone - bare,
            f'overlay_ms_{name}': drawn - alone,
            f'overload_age_frames_{name}': float(np.quantile(ages, share)),
        }
    return figures | {
        'streamed_superseded': sum(walk.lost for walk in blocks.streamed),
        'lost': sum(walk.lost for walk in (*blocks.alone, *blocks.drawn)),
        'overload_sent': flood.sent,
        'overload_masks': len(flood.ages_s),
        'overload_drops': flood.dropped,
    }


def fps_of(walks: Sequence[Walk]) -> float:
    """
    Give the frames a second of several walks together.

    :param walks: at least one with a frame.
    """
    return sum(len(w.answered_s) for w in walks) / sum(w.spent_s for w in walks)


def _ms(walks: Sequence[Walk]) -> np.ndarray:
    return 1000 * np.concatenate([walk.answered_s for walk in walks])
