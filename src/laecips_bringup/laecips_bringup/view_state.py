"""The book of the live page: takes what comes, gives what is shown; no ROS, no browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
import time

from laecips_bringup.view_curves import Curves
from laecips_bringup.view_moments import Moment
from laecips_bringup.view_moments import Moments
from laecips_bringup.view_timeline import Timeline
from laecips_bringup.view_values import FrameReport
from laecips_bringup.view_values import LinkNews
from laecips_bringup.view_values import Picture
from laecips_bringup.view_values import RoundNews
from laecips_bringup.view_values import Snapshot
from laecips_core.catalogue import ClassCatalogue
from laecips_core.metrics.iou import image_miou
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import Source


@dataclass(frozen=True)
class _Shown:
    """A mask on the page; its frame may still come."""

    at_s: float
    moment: Moment
    labels: LabelMap


@dataclass
class _Run:
    """The newest of everything from the nodes that run now."""

    frame: Picture | None = None
    edge: _Shown | None = None
    fused: _Shown | None = None
    report: FrameReport | None = None
    link: LinkNews | None = None
    weights: str = ''


class Book:
    """All that the page knows, within bounds; any thread may take and look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Start with nothing.

        :param clock: gives the time in s; its value now is 0 on the page's axes.
        """
        self._clock = clock
        self._began_s = clock()
        self._lock = Lock()
        self._moments = Moments()
        self._timeline = Timeline()
        self._curves = Curves()
        self._catalogue: ClassCatalogue | None = None
        self._run = _Run()

    def begin_run(self, name: str) -> None:
        """
        Note that other nodes run from now on; curves and time line go on.

        :param name: of the run.
        """
        with self._lock:
            self._moments.clear()
            self._curves.begin_run()
            self._run = _Run()
            self._timeline.begin_run(name, self._now_s())

    def take_classes(self, catalogue: ClassCatalogue) -> None:
        """Note the classes."""
        with self._lock:
            self._catalogue = catalogue

    def take_image(self, stamp_ns: int, image: Image) -> None:
        """
        Note a frame.

        :param stamp_ns: capture time in ns.
        :param image: (H, W, 3) uint8 RGB, as small as it will be shown.
        """
        with self._lock:
            self._moments.at_image(stamp_ns).image = image
            self._run.frame = Picture(stamp_ns, self._now_s(), image, None)

    def take_mask(self, stamp_ns: int, mask: LabelMap) -> None:
        """
        Note a message on ``~/mask``.

        :param stamp_ns: its stamp.
        :param mask: (H, W) uint8 class ids.
        :raises ShapeError: when it does not fit its truth.
        """
        with self._lock:
            moment = self._moments.at(stamp_ns)
            moment.mask = mask
            self._show(moment)
            self._score(moment)

    def take_refined_mask(self, stamp_ns: int, mask: LabelMap) -> None:
        """
        Note a message on ``~/refined_mask``.

        :param stamp_ns: its stamp.
        :param mask: (H, W) uint8 class ids.
        """
        with self._lock:
            self._run.fused = _Shown(self._now_s(), self._moments.at(stamp_ns), mask)

    def take_truth(self, stamp_ns: int, truth: LabelMap) -> None:
        """
        Note the annotation of a frame.

        :param stamp_ns: of the frame.
        :param truth: (H, W) uint8 class ids, 255 where not annotated.
        :raises ShapeError: when it does not fit its mask.
        """
        with self._lock:
            moment = self._moments.at(stamp_ns)
            moment.truth = truth
            self._score(moment)

    def take_report(self, report: FrameReport) -> None:
        """
        Note a report.

        :param report: of a mask, or of a refined one, which tells at last that a frame was sent.
        """
        with self._lock:
            self._curves.add_report(report, self._now_s())
            if not report.refined:
                moment = self._moments.at(report.stamp_ns)
                moment.report = self._run.report = report
                self._show(moment)

    def take_weights(self, version: str) -> None:
        """Note the version that the edge uses."""
        with self._lock:
            self._run.weights = version
            self._timeline.take_weights(version, self._now_s())

    def take_release(self, version: str) -> None:
        """Note the version that the cloud announces."""
        with self._lock:
            self._timeline.take_release(version, self._now_s())

    def take_round(self, news: RoundNews) -> None:
        """Note the state of a training round."""
        with self._lock:
            self._timeline.take_round(news, self._now_s())

    def take_link(self, news: LinkNews) -> None:
        """Note how the link is."""
        with self._lock:
            self._run.link = news
            self._timeline.take_link(news, self._now_s())

    def snapshot(self) -> Snapshot:
        """Give all that is shown now; what comes later does not change it."""
        with self._lock:
            run = self._run
            return Snapshot(
                now_s=self._now_s(),
                frame=run.frame,
                edge_mask=_picture(run.edge),
                fused_mask=_picture(run.fused),
                report=run.report,
                catalogue=self._catalogue,
                weights_version=run.weights,
                link=run.link,
                frames=self._curves.frames,
                scores=self._curves.scores,
                spans=self._timeline.spans(),
            )

    def _now_s(self) -> float:
        return self._clock() - self._began_s

    def _show(self, moment: Moment) -> None:
        if moment.mask is None or moment.report is None:
            return
        shown = _Shown(self._now_s(), moment, moment.mask)
        # Only the report tells whose mask it is.
        if moment.report.source == Source.FUSED.name:
            self._run.fused = shown
        else:
            self._run.edge = shown

    def _score(self, moment: Moment) -> None:
        if moment.mask is not None and moment.truth is not None and self._catalogue is not None:
            # Given up first: a truth that does not fit is told once.
            truth, moment.truth = moment.truth, None
            miou = image_miou(moment.mask, truth, len(self._catalogue))
            self._curves.add_score(miou, self._now_s())


def _picture(shown: _Shown | None) -> Picture | None:
    if shown is None:
        return None
    return Picture(shown.moment.stamp_ns, shown.at_s, shown.moment.image, shown.labels)
