"""What must hold for each launch file, whoever starts its nodes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import socket

from launch_witness import LaunchWitness

from laecips_bringup.bag_command import write_stream
from laecips_bringup.bench_certificates import bench_certificates
from laecips_bringup.launch_page import arguments_of
from laecips_bringup.launch_plan import node_plan
from laecips_bringup.launch_plan import NodePlan
from laecips_bringup.launch_plan import replay_words
from laecips_bringup.node_process import params_file_text
from laecips_bringup.node_roles import BRIDGES
from laecips_bringup.node_roles import CLOUD
from laecips_bringup.node_roles import EDGE
from laecips_bringup.node_roles import NodeRole
from laecips_bringup.stream import DataSetStream
from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_msgs.msg import Report
from laecips_msgs.srv import SegmentHardFrame

ROOT = Path(__file__).resolve().parents[2]
MARK = 'LAECIPS_LAUNCH_TEST'
"""Variable of the environment by which the processes of one test are told from others."""

_ROBOT = 'rover'
_FRAMES = 4
# Small enough for two cores; what is tested here is that nodes come up, answer and end.
_MODEL = {'model.input_height_px': 96, 'model.input_width_px': 128, 'model.threads': 1}
_EDGE = {**_MODEL, 'miner.name': 'always', 'uplink.deadline_s': 30.0}
_CLOUD = {**_MODEL, 'update.rule': 'none'}


@dataclass(frozen=True)
class Part:
    """
    One launch file with its arguments.

    :param file: its name without ``.launch.py``.
    :param arguments: values by name; the others keep their defaults.
    """

    file: str
    arguments: Mapping[str, str]

    @property
    def path(self) -> Path:
        """The launch file."""
        return ROOT / 'launch' / f'{self.file}.launch.py'

    def values(self) -> dict[str, str]:
        """Every argument of the file by name, with its default where none was given."""
        defaults = {one.name: one.default or '' for one in arguments_of(self.path)}
        return {**defaults, **self.arguments}

    def roles(self) -> tuple[NodeRole, ...]:
        """The nodes that it starts."""
        match self.file:
            case 'edge':
                return (EDGE,)
            case 'cloud':
                return (CLOUD,)
            case 'bridge':
                return (BRIDGES[self.values()['side']],)
        return (CLOUD, EDGE)

    def plans(self) -> list[NodePlan]:
        """How it starts them."""
        return [node_plan(role, self.values(), ROOT / 'config') for role in self.roles()]


@dataclass(frozen=True)
class Scenario:
    """
    What is started together, and what it must do.

    :param parts: launch files.
    :param answers: waits until a frame was answered as it must be.
    :param replay: words after ``laecips`` of the command with which the launch ends; empty: it
        runs until it is told to end.
    :param out: folder into which the replay writes.
    """

    parts: tuple[Part, ...]
    answers: Callable[[LaunchWitness], None] = lambda witness: None
    replay: tuple[str, ...] = ()
    out: Path = Path()

    def plans(self) -> list[NodePlan]:
        """How every node is started."""
        return [plan for part in self.parts for plan in part.plans()]

    def watch(self, witness: LaunchWitness) -> None:
        """Wait until every node is active and a frame has been answered."""
        for plan in self.plans():
            place = f'/{plan.namespace}' if plan.namespace else ''
            witness.is_active(f'{place}/{plan.role.name}')
        self.answers(witness)

    def check_results(self) -> None:
        """Check what the replay has written, where there is one."""
        if self.replay:
            metrics = json.loads((self.out / 'metrics.json').read_text(encoding='utf-8'))
            assert (metrics['frames'], metrics['masks']) == (_FRAMES, _FRAMES)
            assert (self.out / 'masks' / 'metadata.yaml').exists()


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
    return _replayed('demo', folder, {'frames': str(_FRAMES)})


def _replay(folder: Path) -> Scenario:
    bag = folder / 'bag'
    stream = DataSetStream(Patrol(DataSetConfig(frames=_FRAMES)))
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


SCENARIOS: Mapping[str, Callable[[Path], Scenario]] = {
    'edge': _edge,
    'cloud': _cloud,
    'bridge': _bridge,
    'demo': _demo,
    'replay': _replay,
}
"""By launch file: makes what is tested, with its files in a folder."""


def processes_with(mark: str) -> list[str]:
    """
    List the processes that were started with a mark in their environment.

    :param mark: value of :data:`MARK`.
    """
    wanted = f'{MARK}={mark}'.encode()
    return [place.name for place in Path('/proc').glob('[0-9]*') if wanted in _variables(place)]


def _variables(process: Path) -> list[bytes]:
    try:
        return (process / 'environ').read_bytes().split(b'\0')
    except OSError:
        return []


def _params(folder: Path, name: str, settings: Mapping[str, object]) -> str:
    path = folder / f'{name}_settings.yaml'
    path.write_text(params_file_text(settings), encoding='utf-8')
    return str(path)


def _free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        port: int = server.getsockname()[1]
        return port
