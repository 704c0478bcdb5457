"""A line on the terminal that follows a replay."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import MofNCompleteColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeRemainingColumn

from laecips_bringup.records import FrameRecord
from laecips_core.metrics.confusion import ConfusionMatrix
from laecips_core.metrics.iou import dataset_miou
from laecips_core.values import UNLABELLED

_VERSION_DIGITS = 6


class RunningScores:
    """
    What is known of a run so far.

    :param classes: number of classes; 255 when unknown.
    """

    def __init__(self, classes: int) -> None:
        """Start with nothing."""
        self._confusion = ConfusionMatrix(classes)
        self._labelled = False
        self._frames = 0
        self._uploads = 0
        self._version = ''

    def add(self, record: FrameRecord) -> None:
        """
        Add an answered frame; one that failed says nothing.

        :param record: of the frame.
        """
        if record.failed:
            return
        self._frames += 1
        self._uploads += record.bytes_up > 0
        self._version = record.weights_version
        if record.truth is not None and record.mask is not None:
            self._labelled = True
            self._confusion.update(record.mask, record.truth)

    def text(self) -> str:
        """Give mIoU of the data set so far, upload rate and weights version."""
        miou = f'mIoU {dataset_miou(self._confusion.matrix):.3f}  ' if self._labelled else ''
        uploaded = self._uploads / max(self._frames, 1)
        return f'{miou}uploaded {uploaded:.0%}  weights {self._version[:_VERSION_DIGITS]}'


class ReplayProgress:
    """Shows the progress of one replay while a ``with`` block runs."""

    def __init__(self, method: str, frames: int, classes: int | None) -> None:
        """
        Show nothing yet.

        :param method: what to call the run.
        :param frames: length of the stream.
        :param classes: number of classes; None when unknown.
        """
        self._scores = RunningScores(classes or UNLABELLED)
        self._progress = Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[scores]}'),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task(method, total=frames, scores='starting the nodes')

    def __enter__(self) -> ReplayProgress:
        """Begin to show."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state on the terminal."""
        self._progress.stop()

    def add(self, record: FrameRecord) -> None:
        """
        Show that one more frame was answered, or has failed.

        :param record: of the frame.
        """
        self._scores.add(record)
        self._progress.update(self._task, advance=1, scores=self._scores.text())
