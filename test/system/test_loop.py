"""The whole loop: both nodes as processes, real DDS, real training, swaps while running."""

from __future__ import annotations

from collections.abc import Mapping
import os
from pathlib import Path

import numpy as np
import pytest

from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.records import RunRecord
from laecips_bringup.replay import replay
from laecips_bringup.replay import ReplayOptions
from laecips_bringup.ros_domain import private_domain
from laecips_bringup.stream import DataSetStream
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_core.values import Source

_FRAMES = 20
# Small enough to be quick; the gate is wide open, for here only the way of the weights matters.
_QUICK_CLOUD = {
    'update.buffer_size': 4,
    'update.epochs': 1,
    'update.source_frames': 6,
    'update.gate_frames': 2,
    'update.gate_source_tolerance': 1.0,
    'update.gate_agreement_tolerance': 1.0,
    'update.max_interval_s': 1e9,
}
_PATIENT_EDGE = {'uplink.deadline_s': 60.0}


def _run(
    folder: Path,
    edge: Mapping[str, object],
    cloud: Mapping[str, object],
    options: ReplayOptions,
    frames: int = _FRAMES,
) -> RunRecord:
    programs = [cloud_program({**_QUICK_CLOUD, **cloud}), edge_program({**_PATIENT_EDGE, **edge})]
    stream = DataSetStream(Patrol(DataSetConfig(frames=frames)))
    with private_domain(os.getpid()), NodeProcesses(programs, folder) as processes:
        return replay(stream, options, processes)


@pytest.fixture(scope='module')
def lockstep(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp('lockstep')
    return _run(folder, {'miner.name': 'always'}, {}, ReplayOptions('LAECIPS'))


def test_every_frame_has_exactly_one_mask(lockstep: RunRecord) -> None:
    assert lockstep.frames_fed == _FRAMES
    assert lockstep.masks_received == _FRAMES
    assert all(frame.mask is not None for frame in lockstep.frames)


def test_hard_frames_come_back_fused_with_what_they_cost(lockstep: RunRecord) -> None:
    assert {frame.source for frame in lockstep.frames} == {Source.FUSED}
    for frame in lockstep.frames:
        assert frame.hard
        assert frame.bytes_up > 1000
        assert frame.bytes_down > 100
        assert frame.latency_s >= frame.cloud_s > 0.0


def test_released_weights_reach_the_edge_while_it_runs(lockstep: RunRecord) -> None:
    released = [done.version for done in lockstep.rounds if done.state == 'RELEASED']
    assert len(released) >= 2
    used = list(dict.fromkeys(frame.weights_version for frame in lockstep.frames))
    assert used[1:] == released[: len(used) - 1]
    assert len(used) >= 3
    assert lockstep.update_bytes > 2 * 1_000_000


def test_lockstep_gives_the_same_masks_again(lockstep: RunRecord, tmp_path: Path) -> None:
    again = _run(tmp_path, {'miner.name': 'always'}, {}, ReplayOptions('AGAIN'), frames=_FRAMES)
    for first, second in zip(lockstep.frames, again.frames, strict=True):
        assert first.weights_version == second.weights_version
        assert np.array_equal(first.mask, second.mask)


def test_easy_frames_never_leave_the_robot(tmp_path: Path) -> None:
    run = _run(tmp_path, {'miner.name': 'never'}, {}, ReplayOptions('EDGE'), frames=5)
    assert {frame.source for frame in run.frames} == {Source.EDGE}
    assert sum(frame.bytes_up for frame in run.frames) == 0
    assert run.rounds == []


def test_a_slow_cloud_costs_the_deadline_and_not_the_mask(tmp_path: Path) -> None:
    edge = {'miner.name': 'always', 'uplink.deadline_s': 0.01}
    run = _run(tmp_path, edge, {'update.rule': 'none'}, ReplayOptions('LATE'), frames=5)
    assert run.masks_received == 5
    assert {frame.source for frame in run.frames} == {Source.EDGE_FALLBACK}
    reasons = {frame.fallback_reason for frame in run.frames}
    assert reasons <= {'deadline', 'too_many_in_flight', 'cloud_busy'}
    assert 'deadline' in reasons


def test_provisional_masks_go_out_at_once(tmp_path: Path) -> None:
    edge = {'miner.name': 'always', 'uplink.policy': 'provisional'}
    run = _run(tmp_path, edge, {'update.rule': 'none'}, ReplayOptions('PROVISIONAL'), frames=5)
    assert run.masks_received == 5
    assert {frame.source for frame in run.frames} == {Source.EDGE}


def test_at_a_rate_nobody_waits_and_no_mask_is_doubled(tmp_path: Path) -> None:
    options = ReplayOptions('RATE', rate_hz=50.0)
    run = _run(tmp_path, {'miner.name': 'never'}, {'update.rule': 'none'}, options)
    answered = [frame for frame in run.frames if frame.mask is not None]
    assert 0 < len(answered) <= _FRAMES
    assert run.masks_received == len(answered)


def test_nodes_end_cleanly_in_the_middle_of_a_round(tmp_path: Path) -> None:
    endless = {'update.epochs': 10_000}
    options = ReplayOptions('STOP', rate_hz=2.0)
    run = _run(tmp_path, {'miner.name': 'always'}, endless, options, frames=6)
    assert run.masks_received == 6
    log = (tmp_path / 'cloud.log').read_text(encoding='utf-8')
    assert 'round 1 STARTED' in log
    assert 'round 1 FAILED: ' in log
    assert 'told to stop' in log
    assert 'Traceback' not in log
    assert 'terminate' not in log
