from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RoundRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.report import FACT_DATA_SET
from laecips_bringup.report import FACT_MASKS
from laecips_bringup.report import write_report
from laecips_bringup.table import row_of
from laecips_core.values import Source

HOSTILE = '<script>alert("x")</script>'
FRAME = FrameRecord(
    0, 1, 0, np.array([[0, 1]], np.uint8), np.array([[0, 1]], np.uint8), Source.FUSED, True, 0.25,
    0.5, 'a1b2c3', '', 0.125, 0.02, 0.1, 2000, 500,
)  # fmt: skip


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or '' for name, value in attrs if name in ('src', 'href')]


def _run(method: str = 'LAECIPS', **changes: object) -> RunRecord:
    rounds = [RoundRecord(1, 'REJECTED', 'a1b2c3', 'source mIoU 0.6 to 0.5', 16, 3.25, 0)]
    frames = [FRAME, replace(FRAME, index=1, hard=False, confidence=0.75)]
    return replace(RunRecord(method, 2, 2, 0, frames, rounds), **changes)


def _write(path: Path, runs: list[RunRecord], strips: bytes = b'', **facts: str) -> str:
    write_report(
        path / 'report.html',
        title='A title',
        runs=runs,
        rows=[row_of(run) for run in runs],
        strips=strips,
        classes=('road', 'person'),
        facts=facts,
    )
    return (path / 'report.html').read_text(encoding='utf-8')


def test_rows_rounds_and_facts_are_there(tmp_path: Path) -> None:
    page = _write(tmp_path, [_run()], seed='7')
    for text in ('<td>LAECIPS</td>', '<td>1.000</td>', '<td>125.0</td>', '<td>50.0 %</td>'):
        assert text in page
    assert '<td>rejected</td>' in page
    assert 'source mIoU 0.6 to 0.5' in page
    assert '<th>seed</th><td><code>7</code></td>' in page


def test_page_needs_nothing_beside_it(tmp_path: Path) -> None:
    page = _Page()
    page.feed(_write(tmp_path, [_run()], strips=b'\x89PNG'))
    assert page.tags.count('img') == 4
    assert all(link.startswith('data:image/png;base64,') for link in page.links)
    assert 'script' not in page.tags


def test_hostile_text_is_escaped_everywhere(tmp_path: Path) -> None:
    rounds = [RoundRecord(1, HOSTILE, HOSTILE, HOSTILE, 1, 1.0, 0)]
    run = _run(HOSTILE, rounds=rounds, frames_fed=3)
    page = _write(tmp_path, [run], command=HOSTILE)
    assert '<script' not in page
    assert page.count('&lt;script&gt;') >= 6


def test_strips_may_be_left_out(tmp_path: Path) -> None:
    assert 'Single frames' not in _write(tmp_path, [_run()])
    assert 'Single frames' in _write(tmp_path, [_run()], strips=b'\x89PNG')


def test_simulated_frames_are_called_so(tmp_path: Path) -> None:
    assert 'simulated' in _write(tmp_path, [_run()], **{FACT_DATA_SET: 'patrol'})
    assert 'simulated' not in _write(tmp_path, [_run()], **{FACT_DATA_SET: 'folder'})


def test_masks_from_the_annotation_are_called_an_upper_bound(tmp_path: Path) -> None:
    assert 'upper bound' in _write(tmp_path, [_run()], **{FACT_MASKS: 'ground_truth'})
    assert 'upper bound' not in _write(tmp_path, [_run()], **{FACT_MASKS: 'regions'})


def test_missing_masks_are_a_warning(tmp_path: Path) -> None:
    page = _write(tmp_path, [_run(masks_received=1)])
    assert '2 frames were fed in, but\n1 masks came back' in page
    assert 'masks came back' not in _write(tmp_path, [_run()])


def test_without_truth_the_page_says_so(tmp_path: Path) -> None:
    bare = [replace(FRAME, truth=None)]
    assert 'no annotation' in _write(tmp_path, [_run(frames=bare)])


def test_histogram_is_of_a_run_whose_miner_decided(tmp_path: Path) -> None:
    cloud = _run('CLOUD', frames=[FRAME], rounds=[])
    spp = _run('SPP')
    assert 'the miner thought (SPP)' in _write(tmp_path, [spp, cloud])
