"""The live page in a real browser, while real nodes answer, train and swap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from chromium import browser_tab
from chromium import chromium_path
from chromium import NAMES
from chromium import Seen
from chromium import SWAP_SHOWN
from chromium import Tab
import cv2
import numpy as np
import pytest

from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.replay import replay
from laecips_bringup.replay import ReplayOptions
from laecips_bringup.ros_domain import private_domain
from laecips_bringup.stream import DataSetStream
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.classes import CATALOGUE
from laecips_core.datasets.patrol.patrol import Patrol

_BROWSER = chromium_path()
pytestmark = pytest.mark.skipif(
    _BROWSER is None, reason=f'no browser here: none of {", ".join(NAMES)} is installed'
)

_FRAMES = 8
_WAIT_S = 30.0
# As quick as a round can be, and a gate that lets everything through: a swap is what is wanted.
_CLOUD = {
    'update.buffer_size': 3,
    'update.epochs': 1,
    'update.source_frames': 2,
    'update.gate_frames': 0,
    'update.gate_source_tolerance': 1.0,
    'update.gate_agreement_tolerance': 1.0,
    'update.max_interval_s': 1e9,
}
_EDGE = {'uplink.deadline_s': 60.0}

# Text of the page, also of what lies behind shadow roots, as Bokeh's elements do.
_TEXT = """(() => {
  const all = node => [...node.childNodes].map(child =>
    child.nodeType === 3 ? child.data : child.tagName === 'STYLE' ? '' :
    all(child) + (child.shadowRoot ? all(child.shadowRoot) : '')).join(' ');
  return all(document.body);
})()"""
# Of each canvas with something on it, in the order of the page: how much is of its main colour.
_SHARES = """(() => {
  const found = [];
  const walk = node => {
    for (const child of node.children) {
      if (child.tagName === 'CANVAS' && child.width * child.height > 0) {
        const data = child.getContext('2d').getImageData(0, 0, child.width, child.height).data;
        const counts = new Map();
        for (const pixel of new Uint32Array(data.buffer))
          counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
        if (counts.size > 1)
          found.push(Math.max(...counts.values()) / (child.width * child.height));
      }
      walk(child);
      if (child.shadowRoot) walk(child.shadowRoot);
    }
  };
  walk(document.body);
  return found;
})()"""
_NUMBERS = """(() => {
  const model = name => Bokeh.documents[0].get_model_by_name(name);
  return {
    swaps: [...model('swaps').data.text],
    rows: model('time line').y_range.factors,
    titles: ['Frame', 'Edge mask', 'Fused mask'].map(name => model(name).title.text),
    miou_visible: model('miou').visible,
  };
})()"""


@dataclass(frozen=True)
class Shown:
    """What the browser showed after a replay."""

    text: str
    shares: list[float]
    numbers: dict[str, Any]
    screenshot: bytes
    seen: Seen
    host: str
    exit_status: int


@contextmanager
def view_process(log: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``laecips view`` while the block does; gives it and the address that it prints."""
    words = [sys.executable, '-m', 'laecips_bringup.cli', 'view', '--port', '0']
    words += ['--frames-per-second', '2']
    with log.open('w') as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith('page: '), log.read_text()
        yield process, line.removeprefix('page: ').strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(_WAIT_S)


@pytest.fixture(scope='module')
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    assert _BROWSER is not None
    folder = tmp_path_factory.mktemp('view')
    stream = DataSetStream(Patrol(DataSetConfig(frames=_FRAMES)))
    programs = [cloud_program(_CLOUD), edge_program(_EDGE)]
    with private_domain(os.getpid()):
        with view_process(folder / 'view.log') as (process, url), browser_tab(_BROWSER) as tab:
            tab.open(url)
            tab.wait_for('Bokeh.documents.length > 0', _WAIT_S)
            with NodeProcesses(programs, folder) as nodes:
                replay(stream, ReplayOptions('VIEW'), nodes)
                tab.wait_for(SWAP_SHOWN, _WAIT_S)
                told = _look(tab)
        host = url.removeprefix('http://').rstrip('/')
        return Shown(**told, seen=tab.seen, host=host, exit_status=process.returncode)


def _look(tab: Tab) -> dict[str, Any]:
    # Two frames of animation: what came last is drawn by then.
    tab.call(
        'Runtime.evaluate',
        expression='new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))',
        awaitPromise=True,
    )
    return {
        'text': tab.evaluate(_TEXT),
        'shares': tab.evaluate(_SHARES),
        'numbers': tab.evaluate(_NUMBERS),
        'screenshot': tab.screenshot(),
    }


def test_frame_and_masks_are_drawn(shown: Shown) -> None:
    # Nine tenths of an empty one are its background.
    assert len(shown.shares) >= 7
    assert max(shown.shares[:3]) < 0.6
    assert all('s ago' in title for title in shown.numbers['titles'])


def test_legend_names_every_class(shown: Shown) -> None:
    for name in CATALOGUE.names:
        assert f' {name} ' in shown.text


def test_status_line_tells_verdict_version_and_link(shown: Shown) -> None:
    assert any(source in shown.text for source in ('FUSED', 'EDGE'))
    for part in ('δ', 'weights', 'no bridge', 'newest frame'):
        assert part in shown.text


def test_time_line_shows_the_swap_and_its_round(shown: Shown) -> None:
    assert len(shown.numbers['swaps']) >= 1
    assert shown.numbers['swaps'][0].endswith('swapped in')
    assert shown.numbers['rows'] == ['training round', 'newest release', 'weights on the robot']


def test_miou_is_shown_where_the_replay_knows_the_truth(shown: Shown) -> None:
    assert shown.numbers['miou_visible']


def test_browser_reports_no_error(shown: Shown) -> None:
    assert shown.seen.errors == []


def test_nothing_is_loaded_from_elsewhere(shown: Shown) -> None:
    assert shown.seen.hosts == {shown.host}


def test_screenshot_shows_class_colours(shown: Shown, tmp_path: Path) -> None:
    pixels = cv2.imdecode(np.frombuffer(shown.screenshot, np.uint8), cv2.IMREAD_COLOR_RGB)
    for colour in CATALOGUE.colours:
        assert np.any(np.all(pixels == colour, axis=-1)), colour


def test_view_ends_in_order(shown: Shown) -> None:
    assert shown.exit_status == 0
