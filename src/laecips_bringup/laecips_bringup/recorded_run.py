"""A run, as it lies in a bag: of ``laecips replay``, or recorded on a robot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from laecips_bringup.answer import answer_of
from laecips_bringup.bag_images import map_of
from laecips_bringup.bag_reader import BagMessage
from laecips_bringup.bag_reader import BagReader
from laecips_bringup.edge_counters import counters_of
from laecips_bringup.records import RunRecord
from laecips_bringup.replay_state import ReplayState
from laecips_bringup.round_news import round_of
from laecips_bringup.run_recorder import FAILED
from laecips_bringup.run_recorder import FRAMES_TOPIC
from laecips_bringup.run_recorder import note_of
from laecips_bringup.run_recorder import UNREADABLE
from laecips_bringup.run_topics import DIAGNOSTICS
from laecips_bringup.run_topics import RunTopics
from laecips_core.errors import LaecipsError
from laecips_core.values import LabelMap

TruthAt = Callable[[int], LabelMap | None]


def read_run(bag: BagReader, topics: RunTopics, method: str, truth_at: TruthAt) -> RunRecord:
    """
    Read what a bag says of a run.

    :param bag: the bag.
    :param topics: where the answers lie in it.
    :param method: row of the table.
    :param truth_at: gives the annotation of a stamp in ns; None where there is none.
    :returns: the run; frames of which nothing but their image or note was recorded are in it.
    :raises BagError: when the bag is damaged.
    :raises LaecipsError: when a message cannot be read, or a mask cannot be used.
    """
    reading = _Reading(ReplayState(method, lambda record: None), topics, truth_at)
    for message in bag.messages(*topics.present(bag)):
        reading.take(message)
    return reading.state.run_record()


def truth_of(bag: BagReader, topic: str) -> TruthAt:
    """
    Give the annotations that a bag holds.

    :param bag: the bag; read at once, for its label maps may lie behind their frames.
    :param topic: of mono8 class ids; empty: there are none.
    :raises LaecipsError: when one cannot be used.
    """
    if not topic:
        return lambda stamp_ns: None
    return {message.stamp_ns: map_of(message.content) for message in bag.messages(topic)}.get


class _Reading:
    """Hands the messages of a bag to the book of a replay."""

    def __init__(self, state: ReplayState, topics: RunTopics, truth_at: TruthAt) -> None:
        self.state = state
        self._truth_at = truth_at
        self._seen: set[int] = set()
        self._edge = topics.edge
        self._takers: dict[str, Callable[[int, Any], None]] = {
            topics.frames: self._note if topics.frames == FRAMES_TOPIC else self._image,
            topics.mask: self._mask,
            topics.report: self._report,
            topics.rounds: lambda stamp_ns, msg: state.take_round(round_of(msg)),
            topics.version: self._version,
            DIAGNOSTICS: self._diagnostics,
        }

    def take(self, message: BagMessage) -> None:
        taker = self._takers.get(message.topic)
        if taker is None:
            return
        content = message.content
        # An image that cannot be read is a frame all the same.
        if isinstance(content, LaecipsError) and taker != self._image:
            raise content
        taker(message.stamp_ns, content)

    def _feed(self, stamp_ns: int, task: int = 0) -> None:
        if stamp_ns not in self._seen:
            self._seen.add(stamp_ns)
            self.state.feed(stamp_ns, task, self._truth_at(stamp_ns))

    def _note(self, stamp_ns: int, msg: Any) -> None:
        note = note_of(msg)
        if note.what == UNREADABLE:
            self.state.skip(stamp_ns, note.task, note.code, note.text)
        elif note.what == FAILED:
            self.state.fail(stamp_ns, note.code)
        else:
            self._feed(stamp_ns, note.task)

    def _image(self, stamp_ns: int, msg: Any) -> None:
        self._feed(stamp_ns)

    def _mask(self, stamp_ns: int, msg: Any) -> None:
        self._feed(stamp_ns)
        self.state.take_mask(stamp_ns, map_of(msg))

    def _report(self, stamp_ns: int, msg: Any) -> None:
        self._feed(stamp_ns)
        if not msg.refined:
            self.state.take_report(stamp_ns, answer_of(msg))

    def _version(self, stamp_ns: int, msg: Any) -> None:
        self.state.take_edge_version(msg.version, msg.size_bytes)

    def _diagnostics(self, stamp_ns: int, msg: Any) -> None:
        counters = counters_of(msg, self._edge)
        if counters:
            self.state.take_counters(counters)
