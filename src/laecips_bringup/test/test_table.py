from __future__ import annotations

from dataclasses import replace
import io

import numpy as np
import pytest
from rich.console import Console

from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.table import format_table
from laecips_bringup.table import markdown_table
from laecips_bringup.table import row_of
from laecips_core.values import Source

EASY = FrameRecord(
    index=0,
    stamp_ns=1,
    task=0,
    mask=np.array([[0, 0, 1, 1]], np.uint8),
    truth=np.array([[0, 0, 1, 1]], np.uint8),
    source=Source.EDGE,
    hard=False,
    confidence=0.9,
    threshold=0.5,
    weights_version='v1',
    fallback_reason='',
    latency_s=0.01,
    edge_s=0.01,
    cloud_s=0.0,
    bytes_up=0,
    bytes_down=0,
)
# Class 0: 1 of 2 pixels, class 1: 2 of 3. Only one of the annotated pixels is missed.
FUSED = replace(
    EASY,
    index=1,
    mask=np.array([[0, 1, 1, 1]], np.uint8),
    source=Source.FUSED,
    hard=True,
    confidence=0.2,
    weights_version='v2',
    latency_s=0.03,
    bytes_up=1000,
    bytes_down=100,
)
NO_CLOUD = replace(
    FUSED,
    index=2,
    source=Source.EDGE_FALLBACK,
    fallback_reason='no_cloud',
    latency_s=0.02,
    bytes_up=0,
    bytes_down=0,
)
BACK = replace(EASY, index=3, mask=None, weights_version='v1')


def _run(*frames: FrameRecord, update_bytes: int = 0) -> RunRecord:
    return RunRecord('LAECIPS', len(frames), len(frames), update_bytes, list(frames))


def test_row_has_exactly_these_keys() -> None:
    assert list(row_of(_run(EASY))) == [
        'method',
        'miou',
        'miou_dataset',
        'upload_rate',
        'latency_p50_s',
        'latency_p95_s',
        'bytes_up',
        'bytes_down',
        'weights_versions',
    ]


def test_row_gives_both_mious() -> None:
    row = row_of(_run(EASY, FUSED))
    assert row['miou'] == pytest.approx((1.0 + (1 / 2 + 2 / 3) / 2) / 2)
    assert row['miou_dataset'] == pytest.approx((3 / 4 + 4 / 5) / 2)


def test_upload_rate_counts_frames_that_were_really_sent() -> None:
    assert row_of(_run(EASY, FUSED, NO_CLOUD, EASY))['upload_rate'] == 0.25


def test_bytes_down_are_masks_and_updates() -> None:
    row = row_of(_run(EASY, FUSED, FUSED, update_bytes=5000))
    assert (row['bytes_up'], row['bytes_down']) == (2000, 5200)


def test_latency_quantiles_are_in_seconds() -> None:
    row = row_of(_run(EASY, FUSED, NO_CLOUD))
    assert row['latency_p50_s'] == pytest.approx(0.02)
    assert 0.02 < row['latency_p95_s'] <= 0.03


def test_versions_stand_in_the_order_they_were_first_used() -> None:
    assert row_of(_run(EASY, FUSED, BACK))['weights_versions'] == ['v1', 'v2']


def test_without_truth_there_is_no_miou() -> None:
    row = row_of(_run(replace(EASY, truth=None), replace(FUSED, truth=None)))
    assert row['miou'] is None
    assert row['miou_dataset'] is None


def test_unlabelled_truth_is_no_truth() -> None:
    blank = np.full((1, 4), 255, np.uint8)
    assert row_of(_run(replace(EASY, truth=blank)))['miou'] is None


def test_run_without_frames_has_no_figures() -> None:
    row = row_of(_run())
    assert row['upload_rate'] is None
    assert row['latency_p50_s'] is None
    assert row['bytes_up'] == 0
    assert row['weights_versions'] == []


def test_markdown_table_shows_units_and_absence() -> None:
    rows = [row_of(_run(EASY, FUSED)), row_of(_run(replace(EASY, truth=None)))]
    head, rule, first, second = markdown_table(rows).splitlines()
    assert head == (
        '| method | mIoU (frames) | mIoU (data set) | uploaded | p50 [ms] | p95 [ms] | up [kB] '
        '| down [kB] | versions |'
    )
    assert rule == '|---|--:|--:|--:|--:|--:|--:|--:|--:|'
    assert first == '| LAECIPS | 0.792 | 0.775 | 50.0 % | 20.0 | 29.0 | 1.0 | 0.1 | 2 |'
    assert second.startswith('| LAECIPS | – | – | 0.0 % | 10.0 |')


def test_markdown_table_escapes_bars() -> None:
    row = row_of(RunRecord('a|b', 1, 1, 0, [EASY]))
    assert markdown_table([row]).splitlines()[2].startswith('| a\\|b |')


def test_rich_table_holds_every_row() -> None:
    table = format_table([row_of(_run(EASY, FUSED)), row_of(_run(EASY))])
    console = Console(file=io.StringIO(), width=160)
    console.print(table)
    assert table.row_count == 2
    assert '0.792' in console.file.getvalue()
    assert 'p50 [ms]' in console.file.getvalue()


def test_rich_table_does_not_read_markup_in_names() -> None:
    console = Console(file=io.StringIO(), width=160)
    console.print(format_table([row_of(RunRecord('[bold]x', 1, 1, 0, [EASY]))]))
    assert '[bold]x' in console.file.getvalue()
