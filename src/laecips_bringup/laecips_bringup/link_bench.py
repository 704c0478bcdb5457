"""Hard frames over an emulated link, by the bridge and by plain DDS, against the ideal."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from contextlib import ExitStack
from dataclasses import asdict
from dataclasses import dataclass
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile

import numpy as np

from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.namespaces import available
from laecips_bridge.emulator.namespaces import LinkedNamespaces
from laecips_bridge.emulator.network_namespace import command_in
from laecips_bridge.emulator.stream_relay import StreamRelay
from laecips_bringup.bench_certificates import bench_certificates
from laecips_bringup.bench_error import BenchError
from laecips_bringup.link_bench_robot import BenchPlan
from laecips_bringup.link_bench_robot import BenchTimes
from laecips_bringup.link_bench_robot import ROBOT
from laecips_bringup.node_process import NodeProgram
from laecips_bringup.process_runner import NodeProcesses

FRAME_BYTES = 60_000
ANSWER_BYTES = 8_000

_FRAMES = 40
_DDS_FRAMES = 20
_PORT = 7447
_MEASURE_S = 120.0
_DOMAINS = {'robot': '61', 'server': '62'}
# Both ends of the link are on one machine, where shared memory would go around it.
_OVER_THE_LINK = {
    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
    'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4',
    'ROS_DOMAIN_ID': '63',
}


@dataclass(frozen=True)
class _Ends:
    """Where the two ends are and how robot reaches server."""

    robot: Sequence[str]
    server: Sequence[str]
    listen: str
    connect: str
    dds_crosses: bool


def measure_link(profile: LinkProfile, compute_s: float = 0.0) -> dict[str, object]:
    """
    Measure hard frames alone, beside a download of weights, and through plain DDS.

    :param profile: of the link, each direction.
    :param compute_s: what the stand-in for the cloud node computes, in seconds.
    :returns: figures by dotted name; a ratio is measured over ideal, and smaller is better; None
        where packets cannot be emulated and so DDS cannot cross.
    """
    with tempfile.TemporaryDirectory() as name, _ends(profile) as ends:
        folder = Path(name)
        with NodeProcesses(_bridges(ends, profile, compute_s, folder), folder) as nodes:
            pids = nodes.pids[1:]
            try:
                alone = _measure(ends.robot, _DOMAINS['robot'], pids, download=False)
                beside = _measure(ends.robot, _DOMAINS['robot'], pids, download=True)
            except BenchError:
                # A node that ended says better why than the one that waited for it.
                nodes.check()
                raise
        plain = _through_dds(ends, compute_s, folder)
    return figures_of(profile, alone, beside, plain)


def figures_of(
    profile: LinkProfile, alone: BenchTimes, beside: BenchTimes, plain: BenchTimes | None
) -> dict[str, object]:
    """
    Compare what was measured with the ideal.

    :param profile: of the link.
    :param alone: hard frames by themselves.
    :param beside: the same while weights came down.
    :param plain: the same through plain DDS; None: it was not possible.
    """
    return {
        'link': 'packets in network namespaces' if plain else 'a TCP relay',
        'rate_mbit_per_s': profile.rate_bytes_per_s * 8e-6,
        'rtt_ms': 2000 * profile.delay_s,
        'ideal_ms': 1000 * float(np.median(_ideals_s(profile, alone))),
        **_ratios('frame', profile, alone),
        **_ratios('frame_under_download', profile, beside),
        'download.share': _download_share(profile, beside),
        'cpu_ms_per_frame': 1000 * float(np.median(alone.cpu_s)),
        **({} if plain is None else _ratios('plain_dds', profile, plain)),
        'failed': len(alone.failed) + len(beside.failed),
        **({} if plain is None else {'plain_dds.failed': len(plain.failed)}),
    }


def _ratios(name: str, profile: LinkProfile, times: BenchTimes) -> dict[str, float]:
    ratios = np.asarray(times.frame_s) / _ideals_s(profile, times)
    return {
        f'{name}.p50_ratio': float(np.quantile(ratios, 0.5)),
        f'{name}.p95_ratio': float(np.quantile(ratios, 0.95)),
    }


def _ideals_s(profile: LinkProfile, times: BenchTimes) -> np.ndarray:
    """Both messages at the link's rate, one round trip, and what the cloud computed."""
    sent_s = (FRAME_BYTES + np.asarray(times.answer_bytes)) / profile.rate_bytes_per_s
    ideals_s: np.ndarray = sent_s + 2 * profile.delay_s + np.asarray(times.compute_s)
    return ideals_s


def _download_share(profile: LinkProfile, times: BenchTimes) -> float:
    left_bytes = profile.rate_bytes_per_s * times.elapsed_s - sum(times.answer_bytes)
    return times.weights_bytes / left_bytes


@contextmanager
def _ends(profile: LinkProfile) -> Iterator[_Ends]:
    with ExitStack() as stack:
        if not available():
            pair = stack.enter_context(LinkedNamespaces(profile))
            listen = f'{pair.server_address}:{_PORT}'
            robot, server = command_in(pair.robot, []), command_in(pair.server, [])
            yield _Ends(robot, server, listen, listen, dds_crosses=True)
            return
        listen = f'127.0.0.1:{_PORT}'
        relay = stack.enter_context(StreamRelay(profile, ('127.0.0.1', _PORT)))
        host, port = relay.address
        yield _Ends((), (), listen, f'{host}:{port}', dds_crosses=False)


def _bridges(
    ends: _Ends, profile: LinkProfile, compute_s: float, folder: Path
) -> list[NodeProgram]:
    files = bench_certificates(folder, ROBOT, ends.listen.rpartition(':')[0])
    link = {'link.rate_bytes_per_s': round(profile.rate_bytes_per_s)}
    server = {'role': 'server', 'link.listen': ends.listen, 'link.robots': ROBOT}
    robot = {'role': 'robot', 'robot': ROBOT, 'link.connect': ends.connect}
    robot['outbox.path'] = str(folder / 'outbox.sqlite')
    sides = (
        ('bridge_server', {**server, **files.server}, ends.server, 'server'),
        ('bridge_robot', {**robot, **files.robot}, ends.robot, 'robot'),
    )
    return [
        _cloud(ends.server, compute_s, _variables(_DOMAINS['server'])),
        *(
            NodeProgram(
                name,
                'laecips_bridge.bridge_node',
                {**own, **link},
                prefix,
                _variables(_DOMAINS[side]),
            )
            for name, own, prefix, side in sides
        ),
    ]


def _cloud(prefix: Sequence[str], compute_s: float, variables: Mapping[str, str]) -> NodeProgram:
    parameters = {'answer_bytes': ANSWER_BYTES, 'compute_s': compute_s}
    module = 'laecips_bringup.link_bench_cloud'
    return NodeProgram('cloud', module, parameters, prefix, variables)


def _through_dds(ends: _Ends, compute_s: float, folder: Path) -> BenchTimes | None:
    if not ends.dds_crosses:
        return None
    with NodeProcesses([_cloud(ends.server, compute_s, _OVER_THE_LINK)], folder):
        return _measure(ends.robot, '', (), download=False, frames=_DDS_FRAMES)


def _measure(
    prefix: Sequence[str],
    domain: str,
    pids: tuple[int, ...],
    *,
    download: bool,
    frames: int = _FRAMES,
) -> BenchTimes:
    plan = BenchPlan(frames, FRAME_BYTES, pids, download)
    command = [*prefix, sys.executable, '-m', 'laecips_bringup.link_bench_robot']
    variables = _variables(domain) if domain else _OVER_THE_LINK
    done = subprocess.run(
        [*command, json.dumps(asdict(plan))],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=_MEASURE_S,
        check=False,
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        raise BenchError('the robot of the bench', done.stderr[-2000:])
    return BenchTimes(**json.loads(lines[-1]))


def _variables(domain: str) -> dict[str, str]:
    return {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'ROS_DOMAIN_ID': domain}
