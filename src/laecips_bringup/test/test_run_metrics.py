from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import pytest

from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RoundRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.run_metrics import metrics_of
from laecips_bringup.run_metrics import one_mask_each
from laecips_bringup.run_metrics import summary
from laecips_bringup.run_metrics import write_metrics
from laecips_core.values import Source

MASK = np.zeros((2, 2), np.uint8)
FRAME = FrameRecord(
    0, 10, 0, MASK, None, Source.EDGE, False, 0.9, 0.5, 'v1', '', 0.1, 0.1, 0.0, 0, 0
)
FALLBACK = replace(FRAME, source=Source.EDGE_FALLBACK, fallback_reason='deadline', hard=True)
LOST = replace(FRAME, mask=None, reported=False)
FAILED = replace(LOST, failed='bad_image', failure='image step: expected 3, got 2')
ROUND = RoundRecord(1, 'RELEASED', 'v2', 'better', 16, 2.5, 40)


def a_run(*frames: FrameRecord, masks: int | None = None) -> RunRecord:
    received = sum(f.mask is not None for f in frames) if masks is None else masks
    return RunRecord('LAECIPS', len(frames), received, 0, list(frames), [ROUND])


def test_every_frame_has_one_mask() -> None:
    assert one_mask_each(a_run(FRAME, FALLBACK))


@pytest.mark.parametrize(
    'run', [a_run(FRAME, LOST), a_run(FRAME, masks=2), a_run(FRAME, LOST, masks=2)]
)
def test_lost_and_repeated_masks_are_noticed(run: RunRecord) -> None:
    assert not one_mask_each(run)


def test_failed_frame_needs_no_mask() -> None:
    assert one_mask_each(a_run(FRAME, FAILED))
    assert not one_mask_each(a_run(FRAME, FAILED, masks=2))


def test_metrics_file(tmp_path: Path) -> None:
    metrics = metrics_of([{'method': 'LAECIPS', 'miou': None}], a_run(FRAME), {'seed': 3})
    path = write_metrics(tmp_path / 'new', metrics)
    assert path == tmp_path / 'new' / 'metrics.json'
    assert json.loads(path.read_text()) == {
        'table': [{'method': 'LAECIPS', 'miou': None}],
        'frames': 1,
        'masks': 1,
        'account': {
            'total': 1,
            'answered': {'EDGE': 1, 'FUSED': 0, 'EDGE_FALLBACK': 0, 'NOT_REPORTED': 0},
            'fallback_reasons': {},
            'dropped': {},
            'failed': {},
        },
        'rounds': [
            {
                'number': 1,
                'state': 'RELEASED',
                'version': 'v2',
                'reason': 'better',
                'samples': 16,
                'duration_s': 2.5,
                'after_frame': 40,
            }
        ],
        'seed': 3,
    }


def test_nan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='not JSON compliant'):
        write_metrics(tmp_path, {'miou': float('nan')})


def test_summary_says_what_failed_and_what_became_of_rounds() -> None:
    assert summary(a_run(FRAME, FALLBACK, replace(FAILED, index=2))) == [
        'LAECIPS: 3 frames fed in, 2 masks came back',
        '  frame 2 failed: image step: expected 3, got 2',
        '  round 1 after frame 40: RELEASED, 16 samples, 2.5 s, weights v2: better',
    ]


def test_summary_names_a_few_failures_and_counts_the_others() -> None:
    lines = summary(a_run(*[FAILED] * 7))
    assert len([line for line in lines if 'frame 0 failed' in line]) == 5
    assert '  and 2 more' in lines
