"""The numbers of a run, for ``metrics.json`` and for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path

from laecips_bringup.records import RunRecord
from laecips_core.values import Source

METRICS_FILE = 'metrics.json'


def one_mask_each(run: RunRecord) -> bool:
    """Say whether every frame fed in has exactly one mask, and no other mask came."""
    every = all(frame.mask is not None for frame in run.frames)
    return every and run.masks_received == run.frames_fed


def source_counts(run: RunRecord) -> dict[str, int]:
    """
    Count the masks by who made them.

    :returns: count by name of the source, all three.
    """
    counts = Counter(frame.source for frame in run.frames if frame.mask is not None)
    return {source.name: counts[source] for source in Source}


def fallback_counts(run: RunRecord) -> dict[str, int]:
    """
    Count why hard frames fell back.

    :returns: count by reason, sorted.
    """
    reasons = [f.fallback_reason for f in run.frames if f.source is Source.EDGE_FALLBACK]
    return dict(sorted(Counter(reasons).items()))


def metrics_of(
    rows: Sequence[Mapping[str, object]], run: RunRecord, more: Mapping[str, object] | None = None
) -> dict[str, object]:
    """
    Collect what ``metrics.json`` holds.

    :param rows: the table, of :func:`laecips_bringup.table.row_of`.
    :param run: whose frames, masks and rounds are counted.
    :param more: further entries.
    """
    return {
        'table': [dict(row) for row in rows],
        'frames': run.frames_fed,
        'masks': run.masks_received,
        'sources': source_counts(run),
        'fallback_reasons': fallback_counts(run),
        'rounds': [asdict(done) for done in run.rounds],
        **(more or {}),
    }


def write_metrics(folder: Path, metrics: Mapping[str, object]) -> Path:
    """
    Write ``metrics.json``.

    :param folder: made when absent.
    :param metrics: of :func:`metrics_of`; nan is refused.
    :returns: path of the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / METRICS_FILE
    path.write_text(json.dumps(metrics, indent=2, allow_nan=False) + '\n', encoding='utf-8')
    return path


def summary(run: RunRecord) -> list[str]:
    """
    Say in lines what became of the frames and rounds of a run.

    :param run: the run.
    """
    counts = ', '.join(f'{name} {count}' for name, count in source_counts(run).items())
    lines = [
        f'{run.method}: {run.frames_fed} frames fed in, {run.masks_received} masks came back: '
        f'{counts}'
    ]
    lines += [f'  fell back, {why}: {count}' for why, count in fallback_counts(run).items()]
    lost = sum(frame.mask is None for frame in run.frames)
    lines += [f'  dropped or lost: {lost}'] if lost else []
    for done in run.rounds:
        lines.append(
            f'  round {done.number} after frame {done.after_frame}: {done.state}, '
            f'{done.samples} samples, {done.duration_s:.1f} s, weights {done.version}: '
            f'{done.reason}'
        )
    return lines
