"""Strips of single frames: image, edge mask, regions, fused mask, truth, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Patch
import numpy as np
from numpy.typing import NDArray

from laecips_bringup.figure_style import new_figure
from laecips_bringup.figure_style import png_of
from laecips_bringup.figure_style import WIDTH_INCHES
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_core.catalogue import ClassCatalogue
from laecips_core.ports import DataSet
from laecips_core.ports import MaskGenerator
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet
from laecips_core.values import Source

_MAX_ROWS = 6
_BORDER_COLOUR = (255, 230, 0)
_LEGEND_COLUMNS = 7
_LEGEND_INCHES = 0.8
_LABEL_INCHES = 0.25
_METHOD_TITLES = (
    ('EDGE', 'edge alone'),
    ('CLOUD', 'fused, frozen weights'),
    ('LAECIPS', 'LAECIPS'),
)

_Column = tuple[str, list[Image]]


def strips(runs: Sequence[RunRecord], dataset: DataSet, generator: MaskGenerator) -> bytes:
    """
    Draw one frame of each task with everything that was made of it.

    Columns of methods that were not run, and the truth where there is none, are left out.

    :param runs: runs over ``dataset``; methods EDGE, CLOUD and LAECIPS are shown.
    :param dataset: the frames that were fed in, under the index of their records.
    :param generator: the large vision model; it is run again on the chosen frames.
    :returns: PNG bytes.
    """
    chosen = chosen_frames(runs)
    columns = _columns(runs, chosen, dataset, generator)
    shown = [frame for _, images in columns for frame in images[:1]]
    height_px, width_px = shown[0].shape[:2]
    panel_inches = (WIDTH_INCHES - _LABEL_INCHES) / len(columns) * height_px / width_px
    figure = new_figure(len(chosen) * panel_inches + _LEGEND_INCHES)
    figure.set_layout_engine('constrained', w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    axes = figure.subplots(len(chosen), len(columns), squeeze=False)
    for column, (title, images) in enumerate(columns):
        axes[0, column].set_title(title, fontsize=9)
        for row, image in enumerate(images):
            axes[row, column].imshow(image, interpolation='antialiased')
            axes[row, column].set(xticks=[], yticks=[])
    for row, frame in enumerate(chosen):
        axes[row, 0].set_ylabel(f'task {frame.task + 1}, frame {frame.index}', fontsize=8)
    _draw_legend(figure, dataset.catalogue, _label_maps(runs, chosen))
    return png_of(figure)


def chosen_frames(runs: Sequence[RunRecord]) -> list[FrameRecord]:
    """
    Choose one frame of each task: the middle one of those fused, or of all when none was.

    :param runs: the runs; the one named LAECIPS decides, or else the last.
    :returns: at most six records of that run, in order.
    """
    run = _by_method(runs).get('LAECIPS', runs[-1])
    tasks = sorted({frame.task for frame in run.frames})
    chosen = []
    for task in tasks[:_MAX_ROWS]:
        frames = [frame for frame in run.frames if frame.task == task]
        fused = [frame for frame in frames if frame.source is Source.FUSED] or frames
        chosen.append(fused[len(fused) // 2])
    return chosen


def region_borders(masks: MaskSet) -> NDArray[np.bool_]:
    """
    Find the borders between regions, two pixels wide.

    :param masks: the masks; small ones lie on top of large ones.
    :returns: (H, W) bool.
    """
    order = np.argsort(-masks.areas_px[masks.owners], kind='stable')
    starts, lengths = masks.starts[order], masks.lengths[order]
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    owners = np.full(masks.size_px[0] * masks.size_px[1], -1, np.int64)
    # Of several values for one pixel numpy keeps the last, which is the smallest mask's.
    owners[np.repeat(starts, lengths) + steps] = np.repeat(masks.owners[order], lengths)
    regions = owners.reshape(masks.size_px)
    borders = np.zeros(masks.size_px, np.bool_)
    across = regions[:, 1:] != regions[:, :-1]
    down = regions[1:] != regions[:-1]
    borders[:, 1:] |= across
    borders[:, :-1] |= across
    borders[1:] |= down
    borders[:-1] |= down
    return borders


def _columns(
    runs: Sequence[RunRecord],
    chosen: Sequence[FrameRecord],
    dataset: DataSet,
    generator: MaskGenerator,
) -> list[_Column]:
    palette = dataset.catalogue.palette()
    frames = [dataset[frame.index] for frame in chosen]
    regions = [
        _draw_borders(item.frame.image, generator.masks(item.frame.image, item.labels))
        for item in frames
    ]
    masks = [
        (title, [_coloured(label_map, palette) for label_map in _masks_of(runs, method, chosen)])
        for method, title in _METHOD_TITLES
        if method in _by_method(runs)
    ]
    columns = [('frame', [item.frame.image for item in frames]), *masks]
    columns.insert(2 if 'EDGE' in _by_method(runs) else 1, (f'masks: {generator.name}', regions))
    if any(frame.truth is not None for frame in chosen):
        columns.append(('truth', [_coloured(frame.truth, palette) for frame in chosen]))
    return columns


def _by_method(runs: Sequence[RunRecord]) -> dict[str, RunRecord]:
    return {run.method: run for run in runs}


def _masks_of(
    runs: Sequence[RunRecord], method: str, chosen: Sequence[FrameRecord]
) -> list[LabelMap | None]:
    masks = {frame.index: frame.mask for frame in _by_method(runs)[method].frames}
    return [masks.get(frame.index) for frame in chosen]


def _label_maps(runs: Sequence[RunRecord], chosen: Sequence[FrameRecord]) -> list[LabelMap]:
    maps: list[LabelMap | None] = [frame.truth for frame in chosen]
    for method, _ in _METHOD_TITLES:
        if method in _by_method(runs):
            maps += _masks_of(runs, method, chosen)
    return [label_map for label_map in maps if label_map is not None]


def _coloured(label_map: LabelMap | None, palette: NDArray[np.uint8]) -> Image:
    if label_map is None:
        return np.full((1, 1, 3), 255, np.uint8)
    return palette[label_map]


def _draw_borders(image: Image, masks: MaskSet) -> Image:
    drawn = image.copy()
    drawn[region_borders(masks)] = _BORDER_COLOUR
    return drawn


def _draw_legend(
    figure: Figure, catalogue: ClassCatalogue, label_maps: Sequence[LabelMap]
) -> None:
    present = sorted({int(label) for label_map in label_maps for label in np.unique(label_map)})
    patches = []
    for label in present:
        known = label < len(catalogue)
        name = catalogue.names[label] if known else 'unlabelled'
        colour = np.divide(catalogue.palette()[label], 255.0)
        patch = Patch(facecolor=tuple(colour), edgecolor='black', linewidth=0.4, label=name)
        patches.append(patch)
    figure.legend(
        handles=patches,
        loc='outside lower center',
        ncols=_LEGEND_COLUMNS,
        frameon=False,
        fontsize=9,
    )
