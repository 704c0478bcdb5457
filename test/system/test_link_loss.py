"""A link that loses packets and delays them unevenly: frames are answered, weights arrive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from link_world import LinkWorld
import numpy as np
import pytest

from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.namespaces import available
from laecips_core.values import Source

_REASON = available()
pytestmark = pytest.mark.skipif(bool(_REASON), reason=_REASON)

_FRAMES = 100
_PROFILE = LinkProfile(
    rate_bytes_per_s=500e3, delay_s=0.05, jitter_s=0.02, loss_ratio=0.05, seed=4
)
_HEARTBEATS = {'link.heartbeat_s': 1.0, 'link.down_after_s': 5.0, 'link.degraded_rtt_s': 1.0}
_CHANGES = {
    'edge': {'uplink.deadline_s': 2.0, 'uplink.max_in_flight': 8},
    'cloud': {
        'update.buffer_size': 16,
        'update.epochs': 1,
        'update.max_delta_bytes': 250_000,
        'update.gate_source_tolerance': 1.0,
        'update.gate_agreement_tolerance': 1.0,
    },
    'bridge_robot': _HEARTBEATS,
    'bridge_server': _HEARTBEATS,
}


@pytest.mark.timeout(240)
def test_loss_and_jitter_stop_neither_frames_nor_weights(tmp_path: Path) -> None:
    with LinkWorld(tmp_path, _PROFILE, _CHANGES) as world:
        world.start_all()
        world.feed(2.0)
        world.until(lambda: len(world.robot.of('report')) >= _FRAMES, 'the frames', 90.0)
        world.until(lambda: len(world.robot.of('model_version')) >= 2, 'new weights')
        world.end('feeder')
        reports = world.robot.of('report')[:_FRAMES]
        fused_s = [row['total_s'] for row in reports if row['source'] == Source.FUSED]
        counters = world.link.counters()
        print(
            f'{len(fused_s)} of {_FRAMES} fused, p50 {np.quantile(fused_s, 0.5):.3f} s, p95 '
            f'{np.quantile(fused_s, 0.95):.3f} s; {Counter(row["reason"] for row in reports)}; '
            f'weights {[row["version"] for row in world.robot.of("model_version")]}; '
            f'lost on the uplink {counters.robot_to_server.dropped_packets}'
        )
        assert len(fused_s) >= 0.9 * _FRAMES
        released = {row['version'] for row in world.server.of('model_version')}
        assert {row['version'] for row in world.robot.of('model_version')} <= released
        assert counters.robot_to_server.dropped_packets['loss'] > 10
