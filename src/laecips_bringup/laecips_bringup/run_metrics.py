"""The numbers of a run, for ``metrics.json`` and for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path

from laecips_bringup.frame_account import account_of
from laecips_bringup.records import RunRecord

METRICS_FILE = 'metrics.json'

_FAILURES_SHOWN = 5


def one_mask_each(run: RunRecord) -> bool:
    """Say whether every frame that did not fail has exactly one mask, and no other mask came."""
    usable = [frame for frame in run.frames if not frame.failed]
    return all(frame.mask is not None for frame in usable) and run.masks_received == len(usable)


def run_facts(run: RunRecord) -> dict[str, object]:
    """
    Collect what ``metrics.json`` says of one run.

    :param run: whose frames, masks and rounds are counted.
    """
    return {
        'frames': run.frames_fed,
        'masks': run.masks_received,
        'account': account_of(run).facts(),
        'rounds': [asdict(done) for done in run.rounds],
    }


def metrics_of(
    rows: Sequence[Mapping[str, object]], run: RunRecord, more: Mapping[str, object] | None = None
) -> dict[str, object]:
    """
    Collect what ``metrics.json`` holds.

    :param rows: the table, of :func:`laecips_bringup.table.row_of`.
    :param run: of :func:`run_facts`.
    :param more: further entries.
    """
    return {'table': [dict(row) for row in rows], **run_facts(run), **(more or {})}


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
    Say in lines what came back, which frames failed, and how the training rounds ended.

    :param run: the run.
    """
    lines = [f'{run.method}: {run.frames_fed} frames fed in, {run.masks_received} masks came back']
    failures = [frame for frame in run.frames if frame.failed]
    lines += [f'  frame {f.index} failed: {f.failure}' for f in failures[:_FAILURES_SHOWN]]
    if len(failures) > _FAILURES_SHOWN:
        lines.append(f'  and {len(failures) - _FAILURES_SHOWN} more')
    for done in run.rounds:
        lines.append(
            f'  round {done.number} after frame {done.after_frame}: {done.state}, '
            f'{done.samples} samples, {done.duration_s:.1f} s, weights {done.version}: '
            f'{done.reason}'
        )
    return lines
