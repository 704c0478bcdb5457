"""What is started for each launch file, and which answer shows that it works."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
import socket

from launch_suite import FRAMES
from launch_suite import Part
from launch_suite import Scenario
from launch_witness import LaunchWitness

from laecips_bringup.bag_command import write_stream
from laecips_bringup.bench_certificates import bench_certificates
from laecips_bringup.launch_plan import replay_words
from laecips_bringup.node_process import params_file_text
from laecips_bringup.stream import DataSetStream
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_msgs.msg import Report
from laecips_msgs.srv import SegmentHardFrame

_ROBOT = 'rover'
# Small enough for two cores; what is tested here is that nodes come up, answer and end.
_MODEL = {'model.input_height_px': 96, 'model.input_width_px': 128, 'model.threads': 1}
_EDGE = {**_MODEL, 'miner.name': 'always', 'uplink.deadline_s': 30.0}
_CLOUD = {**_MODEL, 'update.rule': 'none'}


def _edge(folder: Path) -> Scenario:
    def answers(witness: LaunchWitness) -> None:
        report = witness.report_of_a_frame('', Report.EDGE_FALLBACK)
        assert report.fallback_reason == 'no_cloud'

    arguments = {'params_file': _params(folder, 'edge', _EDGE)}
    return Scenario((Part('edge', arguments),), answers)


def _cloud(folder: Path) -> Scenario:
    def answers(witness: LaunchWitness) -> None:
        answer = witness.cloud_answer()
        assert (answer.status, answer.error) == (SegmentHardFrame.Response.OK, '')
        assert answer.label_png

    arguments = {'params_file': _params(folder, 'cloud', _CLOUD)}
    return Scenario((Part('cloud', arguments),), answers)


def _bridge(folder: Path) -> Scenario:
    """Put robot and server into two namespaces of one domain, with a real link between."""
    files = bench_certificates(folder, _ROBOT, '127.0.0.1')
    address = f'127.0.0.1:{_free_port()}'
    outbox = {'outbox.path': str(folder / 'outbox.sqlite')}
    robot = {'role': 'robot', 'link.connect': address, **outbox, **files.robot}
    server = {'role': 'server', 'link.listen': address, 'link.robots': _ROBOT, **files.server}
    here = {'namespace': _ROBOT, 'robot_name': _ROBOT}

    def part(file: str, name: str, settings: Mapping[str, object], **more: str) -> Part:
        return Part(file, {'params_file': _params(folder, name, settings), **more})

    parts = (
        part('cloud', 'cloud', _CLOUD),
        part('bridge', 'bridge_server', server, side='server'),
        part('bridge', 'bridge_robot', robot, side='robot', **here),
        part('edge', 'edge', _EDGE, **here),
    )

    def answers(witness: LaunchWitness) -> None:
        report = witness.report_of_a_frame(f'/{_ROBOT}', Report.FUSED)
        assert report.frame_uid.startswith(f'{_ROBOT}/')

    return Scenario(parts, answers)


def _demo(folder: Path) -> Scenario:
    return _replayed('demo', folder, {'frames': str(FRAMES)})


def _replay(folder: Path) -> Scenario:
    bag = folder / 'bag'
    stream = DataSetStream(Patrol(DataSetConfig(frames=FRAMES)))
    write_stream(bag, stream, labels=True, jpeg_quality=None)
    return _replayed('replay', folder, {'bag': str(bag)})


def _replayed(file: str, folder: Path, arguments: Mapping[str, str]) -> Scenario:
    out = folder / 'out'
    files = {
        'edge_params_file': _params(folder, 'edge', _EDGE),
        'cloud_params_file': _params(folder, 'cloud', _CLOUD),
    }
    part = Part(file, {**arguments, **files, 'out': str(out)})
    return Scenario((part,), replay=tuple(replay_words(part.values())), out=out)


def _robots(folder: Path) -> Scenario:
    """Let three robots side by side share one cloud node."""
    names = ('rex', 'spot', 'go2')
    cloud = Part('cloud', {'params_file': _params(folder, 'cloud', _CLOUD)})
    params = _params(folder, 'edge', _EDGE)
    edges = [
        Part(
            'edge',
            {
                'params_file': params,
                'namespace': name,
                'robot_name': name,
                'image': 'camera/image_raw',
                'cloud_namespace': '/',
            },
        )
        for name in names
    ]

    def answers(witness: LaunchWitness) -> None:
        for name in names:
            report = witness.report_of_a_frame(f'/{name}', Report.FUSED, 'camera/image_raw')
            assert report.frame_uid.startswith(f'{name}/')

    return Scenario((cloud, *edges), answers)


def _params(folder: Path, name: str, settings: Mapping[str, object]) -> str:
    path = folder / f'{name}_settings.yaml'
    path.write_text(params_file_text(settings), encoding='utf-8')
    return str(path)


def _free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        port: int = server.getsockname()[1]
        return port


SCENARIOS: Mapping[str, Callable[[Path], Scenario]] = {
    'edge': _edge,
    'cloud': _cloud,
    'bridge': _bridge,
    'robots': _robots,
    'demo': _demo,
    'replay': _replay,
}
"""By name: makes what is tested, with its files in a folder."""
