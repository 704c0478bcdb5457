"""What training did to the edge model itself: first against last weights, without the cloud."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from laecips_bringup.records import RunRecord
from laecips_core.config import EdgeConfig
from laecips_core.learning.split import split_indices
from laecips_core.metrics.confusion import ConfusionMatrix
from laecips_core.metrics.iou import dataset_miou
from laecips_core.metrics.iou import image_miou
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.edge import EdgePipeline
from laecips_core.ports import DataSet
from laecips_core.setting import replace_settings
from laecips_core.values import LabelledFrame
from laecips_core.weights.files import SUFFIX

Scores = dict[str, float]


@dataclass(frozen=True)
class StartVsEnd:
    """
    The versions compared.

    :param start: version that the edge began with.
    :param end: version that it ended on; the same when no round released one.
    :param store: folder that holds both as files.
    :param edge: settings of the edge node that differ from the defaults, by dotted name.
    """

    start: str
    end: str
    store: Path
    edge: Mapping[str, object] = field(default_factory=dict)

    def compare(self, stream: DataSet, source: DataSet) -> dict[str, object]:
        """
        Score both versions on the stream and on held-out source frames.

        :param stream: annotated frames that were replayed.
        :param source: data set of pretraining; only the frames held out from it are used.
        :returns: versions, and by frames and version the mean per-image mIoU (``miou``) and the
            mIoU of one confusion matrix (``miou_dataset``).
        """
        _, held_out = split_indices(len(source))
        every = (stream[index] for index in range(len(stream)))
        hidden = (source[index] for index in held_out)
        classes = len(stream.catalogue)
        return {
            'start_version': self.start,
            'end_version': self.end,
            'stream': self._scores(every, classes),
            'held_out_source': self._scores(hidden, classes),
        }

    def _scores(self, frames: Iterable[LabelledFrame], classes: int) -> dict[str, Scores]:
        judges = {'start': self._judge(self.start, classes), 'end': self._judge(self.end, classes)}
        for item in frames:
            for judge in judges.values():
                judge.add(item)
        return {name: judge.scores() for name, judge in judges.items()}

    def _judge(self, version: str, classes: int) -> _Judge:
        path = self.store / f'{version}{SUFFIX}'
        config = replace_settings(EdgeConfig(), {**self.edge, 'model.weights': str(path)})
        return _Judge(build_edge(config).pipeline, classes)


def versions_of(run: RunRecord, store: Path, edge: Mapping[str, object]) -> StartVsEnd:
    """
    Find the first and the last version of a run in lockstep.

    :param run: with at least one frame.
    :param store: folder of the cloud's released weights.
    :param edge: settings of the edge node that differ from the defaults, by dotted name.
    """
    # The last round may have ended after the last frame.
    end = run.rounds[-1].version if run.rounds else run.frames[-1].weights_version
    return StartVsEnd(run.frames[0].weights_version, end, store, edge)


def format_comparison(compared: Mapping[str, Any]) -> Table:
    """
    Lay out a comparison for the terminal.

    :param compared: of :meth:`StartVsEnd.compare`.
    """
    table = Table('edge model alone, mIoU (data set)', 'first weights', 'last weights')
    for key, title in (('stream', 'stream'), ('held_out_source', 'held-out source frames')):
        scores = compared[key]
        cells = [f'{scores[end]["miou_dataset"]:.3f}' for end in ('start', 'end')]
        table.add_row(title, *cells)
    return table


class _Judge:
    """One edge model and its confusion matrices."""

    def __init__(self, pipeline: EdgePipeline, classes: int) -> None:
        self._pipeline = pipeline
        self._classes = classes
        self._all = ConfusionMatrix(classes)
        self._images: list[float] = []

    def add(self, item: LabelledFrame) -> None:
        mask = self._pipeline.process(item.frame).segmentation.labels
        self._all.update(mask, item.labels)
        self._images.append(image_miou(mask, item.labels, self._classes))

    def scores(self) -> Scores:
        return {
            'miou': float(np.nanmean(self._images)),
            'miou_dataset': float(dataset_miou(self._all.matrix)),
        }
