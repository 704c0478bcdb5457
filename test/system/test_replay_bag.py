"""A bag through both nodes: every frame counted, and the same masks on a slow machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import hashlib
import json
import os
from pathlib import Path
import signal
from threading import Event
from threading import Thread
from typing import Any

import numpy as np
import pytest

from laecips_bringup.bag_command import write_stream
from laecips_bringup.bag_reader import BagReader
from laecips_bringup.bag_stream import BagStream
from laecips_bringup.bag_writer import BagWriter
from laecips_bringup.cli import main
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.records import RunRecord
from laecips_bringup.replay import replay
from laecips_bringup.replay import ReplayOptions
from laecips_bringup.ros_domain import private_domain
from laecips_bringup.stream import DataSetStream
from laecips_bringup.stream import StreamFrame
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol

_IMAGE = 'sensor_msgs/msg/Image'
_QUICK_CLOUD = {
    'update.buffer_size': 2,
    'update.epochs': 1,
    'update.source_frames': 2,
    'update.gate_frames': 2,
    'update.gate_source_tolerance': 1.0,
    'update.gate_agreement_tolerance': 1.0,
    'update.max_interval_s': 1e9,
}


def _walk(frames: int) -> DataSetStream:
    return DataSetStream(Patrol(DataSetConfig(frames=frames)))


def _write_broken_bag(path: Path) -> None:
    """Three good frames; between them one that nobody can read, and one that no JPEG can hold."""
    frames = [frame for frame in _walk(3) if isinstance(frame, StreamFrame)]
    with BagWriter(path) as bag:
        for frame in frames:
            bag.write_rgb('/camera/image_raw', frame.stamp_ns, frame.image)
            assert frame.labels is not None
            bag.write_map('/labels', frame.stamp_ns, frame.labels)
        between_ns = [frames[0].stamp_ns + 1, frames[1].stamp_ns + 1]
        bag.write_serialized('/camera/image_raw', _IMAGE, between_ns[0], b'\x00\x01\x00\x00')
        too_wide = np.zeros((2, 70_000, 3), np.uint8)
        bag.write_rgb('/camera/image_raw', between_ns[1], too_wide)


@pytest.fixture(scope='module')
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Replay a bag with broken frames, and report on what was recorded of that."""
    folder = tmp_path_factory.mktemp('broken')
    _write_broken_bag(folder / 'bag')
    words = ['replay', '--bag', str(folder / 'bag'), '--start-nodes', '--out', str(folder / 'out')]
    words += ['--edge', 'miner.name=always', '--edge', 'uplink.deadline_s=60.0']
    words += ['--cloud', 'update.rule=none', '--method', 'BROKEN']
    status = main(words)
    masks = str(folder / 'out' / 'masks')
    report = main(['report', masks, '--name', 'BROKEN', '--out', str(folder / 'report')])
    read = {
        name: json.loads((folder / name / 'metrics.json').read_text())
        for name in ('out', 'report')
    }
    return {'status': (status, report), 'masks': masks, **read}


def test_broken_frames_are_counted_and_end_nothing(broken: dict[str, Any]) -> None:
    assert broken['status'] == (0, 0)
    account = broken['out']['account']
    assert account['total'] == 5
    assert account['answered']['FUSED'] == 3
    assert account['failed'] == {'bad_image': 1, 'bad_message': 1}
    assert account['dropped'] == {}
    assert (broken['out']['frames'], broken['out']['masks']) == (4, 3)


def test_report_from_the_bag_says_the_same_as_the_replay(broken: dict[str, Any]) -> None:
    (run,) = broken['report']['runs']
    assert run['account'] == broken['out']['account']
    assert (run['frames'], run['masks']) == (4, 3)
    assert broken['report']['table'] == broken['out']['table']
    assert broken['report']['table'][0]['miou'] > 0.0


def test_bag_holds_whole_reports(broken: dict[str, Any]) -> None:
    reports = [m.content for m in BagReader(Path(broken['masks'])).messages('/edge/report')]
    assert len(reports) == 3
    for report in reports:
        stamp = report.header.stamp
        assert report.frame_uid.endswith(f'/{stamp.sec * 10**9 + stamp.nanosec}')
        assert report.miner == 'always'
        assert report.cloud_s > report.cloud_compute_s > 0.0


@contextmanager
def _slowed(processes: NodeProcesses) -> Iterator[None]:
    """Let the nodes run for a third of the time only."""
    done = Event()

    def hold_back() -> None:
        while not done.wait(0.05):
            for pid in processes.pids:
                os.kill(pid, signal.SIGSTOP)
            done.wait(0.1)
            for pid in processes.pids:
                os.kill(pid, signal.SIGCONT)

    thread = Thread(target=hold_back)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _trained_run(bag: Path, logs: Path, *, slow: bool) -> RunRecord:
    edge = {'miner.name': 'always', 'uplink.deadline_s': 60.0}
    programs = [cloud_program(_QUICK_CLOUD), edge_program(edge)]
    with private_domain(os.getpid()), NodeProcesses(programs, logs) as processes:
        if not slow:
            return replay(BagStream(bag), ReplayOptions('FAST'), processes)
        with _slowed(processes):
            return replay(BagStream(bag), ReplayOptions('SLOW'), processes)


def _digests(run: RunRecord) -> list[tuple[str, str]]:
    return [
        (frame.weights_version, hashlib.sha256(frame.mask).hexdigest())
        for frame in run.frames
        if frame.mask is not None
    ]


@pytest.mark.timeout(400)
def test_a_slow_machine_changes_times_and_not_masks(tmp_path: Path) -> None:
    write_stream(tmp_path / 'bag', _walk(5), labels=False, jpeg_quality=None)
    fast = _trained_run(tmp_path / 'bag', tmp_path / 'fast', slow=False)
    slow = _trained_run(tmp_path / 'bag', tmp_path / 'slow', slow=True)
    assert len(_digests(fast)) == 5
    assert len({version for version, _ in _digests(fast)}) == 3
    assert _digests(slow) == _digests(fast)
    assert sum(f.latency_s for f in slow.frames) > sum(f.latency_s for f in fast.frames)
