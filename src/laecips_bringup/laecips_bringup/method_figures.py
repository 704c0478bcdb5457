"""Figures of the method: ``python -m laecips_bringup.method_figures docs/figures`` makes them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
import sys

import cv2
import numpy as np

from laecips_bringup.figure_style import add_legend
from laecips_bringup.figure_style import BLUE
from laecips_bringup.figure_style import GREY
from laecips_bringup.figure_style import new_figure
from laecips_bringup.figure_style import png_of
from laecips_bringup.figure_style import VERMILION
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.strips import strips
from laecips_core.config import CloudConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeConfig
from laecips_core.image_codec import encode_image
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.edge import EdgePass
from laecips_core.registry import build_dataset
from laecips_core.registry import build_fuser
from laecips_core.registry import build_mask_generator
from laecips_core.values import LabelledFrame
from laecips_core.values import Segmentation

_WEBP_QUALITY = 90
_KINDS = (
    (False, BLUE, 'o', 'easy: the edge answers'),
    (True, VERMILION, '^', 'hard: goes to the cloud'),
)

WALK = DataSetConfig(frames=100)
"""Frames of the simulated patrol that the confidence is drawn over."""
SHOWN = 42
"""The frame whose way is drawn: a hard one, where the walk meets haze."""


def one_frame_figure() -> bytes:
    """
    Draw one frame's way: the frame, the edge's mask, the regions, the fused mask, the truth.

    :returns: WebP bytes, a quarter of a PNG's; the same each time on one machine.
    """
    dataset, cloud = build_dataset(WALK), CloudConfig()
    item = dataset[SHOWN]
    edge = build_edge(EdgeConfig()).pipeline.process(item.frame)
    generator = build_mask_generator(cloud.masks)
    fused = build_fuser(cloud.fusion).fuse(edge.prediction, generator.masks(item.frame.image))
    runs = [_run('EDGE', item, edge, edge.segmentation), _run('CLOUD', item, edge, fused)]
    return _webp(strips(runs, dataset, generator))


def confidence_figure() -> bytes:
    """
    Draw h of every frame of the patrol against δ.

    :returns: PNG bytes; the same each time on one machine.
    """
    dataset, pipeline = build_dataset(WALK), build_edge(EdgeConfig()).pipeline
    items = [dataset[index] for index in range(len(dataset))]
    verdicts = [pipeline.process(item.frame).verdict for item in items]
    figure = new_figure(3.0)
    axes = figure.subplots()
    axes.plot([verdict.confidence for verdict in verdicts], color=GREY, linewidth=0.8)
    for hard, colour, marker, label in _KINDS:
        chosen = [i for i, verdict in enumerate(verdicts) if verdict.hard is hard]
        values = [verdicts[i].confidence for i in chosen]
        axes.scatter(chosen, values, color=colour, marker=marker, s=16, zorder=3, label=label)
    axes.axhline(verdicts[0].threshold, color=GREY, linestyle='--', label='δ, the threshold')
    for index in range(1, len(items)):
        if items[index].task != items[index - 1].task:
            axes.axvline(index - 0.5, color=GREY, linewidth=0.6, linestyle=':')
    axes.set(xlabel='frame', ylabel='confidence h', ylim=(0, 1.02), xlim=(0, len(items) - 1))
    add_legend(figure, axes.get_legend_handles_labels()[0])
    return png_of(figure)


FIGURES: Mapping[str, Callable[[], bytes]] = {
    'one_frame.webp': one_frame_figure,
    'confidence.png': confidence_figure,
}
"""What makes each file."""


def _run(method: str, item: LabelledFrame, edge: EdgePass, made: Segmentation) -> RunRecord:
    record = FrameRecord(
        index=SHOWN,
        stamp_ns=item.frame.stamp_ns,
        task=item.task,
        mask=made.labels,
        truth=item.labels,
        source=made.source,
        hard=edge.verdict.hard,
        confidence=edge.verdict.confidence,
        threshold=edge.verdict.threshold,
        weights_version=made.weights_version,
        fallback_reason='',
        latency_s=0.0,
        edge_s=0.0,
        cloud_s=0.0,
        bytes_up=0,
        bytes_down=0,
    )
    return RunRecord(method, frames_fed=1, masks_received=1, frames=[record])


def _webp(png: bytes) -> bytes:
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None, 'matplotlib made the PNG'
    image = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    return encode_image(image, 'webp', _WEBP_QUALITY)


def main() -> None:
    """Write every figure into the folder that the command line names."""
    (name,) = sys.argv[1:]
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    for file, make in FIGURES.items():
        (folder / file).write_bytes(make())


if __name__ == '__main__':
    main()
