"""What ``laecips bench edge`` measures, and what it makes of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

    :param frame_s: seconds that a frame took the node just before.
    :param ages_s: of each mask when it came, in seconds since its frame was published.
    :param sent: frames.
    :param dropped: frames that the node says it dropped.
    """

    frame_s: float
    ages_s: list[float]
    sent: int
    dropped: int


@dataclass(frozen=True)
class Round:
    """
    What was measured in one turn, within a second or two.

    :param bare_s: seconds of each frame in the bare loop.
    :param streamed: two frames in flight: the node is never idle.
    :param alone: one frame in flight: nothing waits.
    :param drawn: the same with somebody who waits for the overlay too.
    """

    bare_s: list[float]
    streamed: Walk
    alone: Walk
    drawn: Walk


def figures_of(rounds: Sequence[Round], floods: Sequence[Flood]) -> dict[str, object]:
    """
    Compare node and bare loop, round by round.

    A virtual machine's cores may run at one of two speeds, for seconds at a time. So each figure
    is the median, over the rounds or floods, of what one says: its parts lie close together.

    :param rounds: at least one.
    :param floods: a camera that is too fast, at least once.
    :returns: ``ratio``: frames a second of the node over those of the bare loop; milliseconds that
        the node adds from publishing a frame to its mask, and that the overlay adds to them; the
        age of a mask that comes from too fast a camera, over the time of a frame, and the worst
        flood's ``p95`` of it. With two frames in flight a frame may be superseded before the
        worker is free; with one, none may be lost.
    """
    node_fps = fps_of([one.streamed for one in rounds])
    ages = [np.asarray(flood.ages_s) / flood.frame_s for flood in floods]
    ratios = [fps_of([one.streamed]) * float(np.mean(one.bare_s)) for one in rounds]
    figures: dict[str, object] = {
        'ratio': float(np.median(ratios)),
        'ratio_lower_quartile': float(np.quantile(ratios, 0.25)),
        'ratio_upper_quartile': float(np.quantile(ratios, 0.75)),
        'bare_fps': 1.0 / float(np.mean(np.concatenate([one.bare_s for one in rounds]))),
        'node_fps': node_fps,
    }
    for name, share in (('p50', 0.5), ('p95', 0.95)):
        bare, alone, drawn = (
            np.array([1000 * np.quantile(times_s, share) for times_s in column])
            for column in zip(*map(_times_s, rounds), strict=True)
        )
        figures |= {
            f'bare_ms_{name}': float(np.median(bare)),
            f'added_ms_{name}': float(np.median(alone - bare)),
            f'overlay_ms_{name}': float(np.median(drawn - alone)),
            f'overload_age_frames_{name}': float(
                np.median([np.quantile(age, share) for age in ages])
            ),
        }
    return figures | {
        'streamed_superseded': sum(one.streamed.lost for one in rounds),
        'lost': sum(one.alone.lost + one.drawn.lost for one in rounds),
        'overload_age_frames_worst': max(float(np.quantile(age, 0.95)) for age in ages),
        'overload_sent': sum(flood.sent for flood in floods),
        'overload_masks': sum(len(flood.ages_s) for flood in floods),
        'overload_drops': sum(flood.dropped for flood in floods),
    }


def fps_of(walks: Sequence[Walk]) -> float:
    """
    Give the frames a second of several walks together.

    :param walks: at least one with a frame.
    """
    return sum(len(w.answered_s) for w in walks) / sum(w.spent_s for w in walks)


def _times_s(one: Round) -> tuple[list[float], list[float], list[float]]:
    return one.bare_s, one.alone.answered_s, one.drawn.answered_s
