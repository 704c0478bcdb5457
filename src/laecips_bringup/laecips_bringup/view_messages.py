"""From messages to the plain values of the live page."""

from __future__ import annotations

from collections.abc import Mapping

from laecips_bringup.round_news import ROUND_STATES
from laecips_bringup.view_values import FrameReport
from laecips_bringup.view_values import LinkNews
from laecips_bringup.view_values import RoundNews
from laecips_core.catalogue import ClassCatalogue
from laecips_core.values import Source
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import LinkState
from laecips_msgs.msg import Report
from laecips_msgs.msg import TrainingRound
from laecips_ros.conversions import stamp_to_ns

_SOURCES = {int(source): source.name for source in Source}
_LINK_STATES = {
    LinkState.DOWN: 'DOWN',
    LinkState.DEGRADED: 'DEGRADED',
    LinkState.UP: 'UP',
}


def name_of(number: int, names: Mapping[int, str]) -> str:
    """
    Name a constant of a message.

    :param number: as it came.
    :param names: of the constants that this version knows.
    :returns: its name; ``unknown (7)`` for one that is not among them.
    """
    return names.get(number, f'unknown ({number})')


def report_of(msg: Report) -> FrameReport:
    """Read a report."""
    return FrameReport(
        stamp_ns=stamp_to_ns(msg.header.stamp),
        source=name_of(msg.source, _SOURCES),
        refined=msg.refined,
        hard=msg.hard,
        sent=msg.bytes_up > 0,
        confidence=msg.confidence,
        threshold=msg.threshold,
        weights_version=msg.weights_version,
        fallback_reason=msg.fallback_reason,
        latency_s=msg.total_s,
    )


def round_of(msg: TrainingRound) -> RoundNews:
    """Read the state of a training round."""
    return RoundNews(
        number=msg.training_round,
        state=name_of(msg.state, ROUND_STATES),
        version=msg.version,
        reason=msg.reason,
        samples=msg.samples,
        duration_s=msg.duration_s,
    )


def link_of(msg: LinkState) -> LinkNews:
    """Read the state of the link."""
    return LinkNews(state=name_of(msg.state, _LINK_STATES), reason=msg.reason)


def catalogue_of(msg: LabelInfo) -> ClassCatalogue:
    """
    Read names and colours of the classes.

    :raises DataSetError: when they do not belong together.
    """
    values = [int(value) for value in msg.colours]
    colours = tuple(tuple(values[at : at + 3]) for at in range(0, len(values), 3))
    return ClassCatalogue(tuple(msg.class_names), colours)  # type: ignore[arg-type]
