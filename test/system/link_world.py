"""Robot and server as they are in the field: four processes, two domains, one thin link."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
import os
from pathlib import Path
import signal
import sqlite3
import time
from types import TracebackType

from link_records import Records

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.namespaces import LinkedNamespaces
from laecips_bridge.emulator.network_namespace import command_in
from laecips_bringup.bench_certificates import bench_certificates
from laecips_bringup.node_process import NodeProcess
from laecips_bringup.node_process import NodeProgram
from laecips_bringup.node_settings import checked
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.ros_domain import free_domain_id

ROBOT = 'rover'
ADDRESS = f'{LinkedNamespaces.server_address}:7447'
PATIENCE_S = 60.0
HANDED_OVER = ('link_down', 'too_many_in_flight')
"""Reasons for which the edge hands a hard frame over to the bridge."""

_HERE = Path(__file__).parent
_END_S = 15.0
_POLL_S = 0.02
# Small enough for two cores; what is tested here is the way of frames and weights.
_MODEL = {'model.input_height_px': 96, 'model.input_width_px': 128, 'model.threads': 1}
_LINK = {'link.heartbeat_s': 0.2, 'link.down_after_s': 0.8, 'link.degraded_rtt_s': 0.4}

Settings = Mapping[str, object]


class LinkWorld:
    """
    A robot and a server that share nothing but an emulated link; nothing is left after it.

    Nodes are called edge, bridge_robot, bridge_server and cloud. What they publish is recorded by
    a witness on each side: ``robot`` and ``server``. ``started_s`` tells when each was started.
    """

    def __init__(
        self,
        folder: Path,
        profile: LinkProfile,
        changes: Mapping[str, Settings],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """
        Start nothing yet.

        :param folder: gets certificates, parameter files, logs, records, store and outbox.
        :param profile: of the link.
        :param changes: settings by node and dotted name, beside those that make it quick.
        :param variables: of the environment of all processes, beside those of this one.
        """
        self.folder = folder
        self.journal = folder / 'store' / 'samples.sqlite'
        self.link = LinkedNamespaces(profile)
        self.files = bench_certificates(folder, ROBOT, self.link.server_address)
        self.robot = Records(folder / 'robot.jsonl')
        self.server = Records(folder / 'server.jsonl')
        self._changes, self._variables = changes, variables or {}
        self._domains = _two_domains()
        self._nodes: dict[str, NodeProcess] = {}
        self.started_s: dict[str, list[float]] = {}
        self._undo = ExitStack()

    def __enter__(self) -> LinkWorld:
        """Make the link and start the witnesses."""
        with ExitStack() as undo:
            undo.enter_context(self.link)
            undo.callback(self._kill_all)
            for side, records in (('robot', self.robot), ('server', self.server)):
                parameters = {'side': side, 'file': str(records.path)}
                self.start(self.program(side, f'witness_{side}', 'link_witness', parameters))
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything; where nothing else went wrong, everything must end in order."""
        with self._undo:
            if error is None:
                for name in list(self._nodes):
                    self.end(name)

    def start_all(self) -> None:
        """Start both nodes and both bridges, and wait until a hard frame would be answered."""
        for name in ('cloud', 'bridge_server', 'bridge_robot', 'edge'):
            self.start(self.node(name))
        self.until(self.is_up, 'link up')
        self.until(lambda: bool(self.robot.of('cloud_ready')), 'edge ready')

    def feed(self, rate_hz: float) -> None:
        """
        Begin to feed patrol frames into the edge.

        :param rate_hz: frames a second.
        """
        parameters = {'rate_hz': rate_hz, 'file': str(self.folder / 'fed.jsonl')}
        self.start(self.program('robot', 'feeder', 'link_feeder', parameters))

    def fed(self) -> dict[str, float]:
        """Give the time at which each frame was fed, by frame uid."""
        rows = Records(self.folder / 'fed.jsonl').of('fed')
        return {f'{ROBOT}/{row["stamp_ns"]}': row['t'] for row in rows}

    def is_up(self) -> bool:
        """Tell whether the robot's bridge says that the link can be used."""
        states = self.robot.of('link_state')
        return bool(states) and states[-1]['state'] != 0

    def program(
        self, side: str, name: str, module: str, parameters: Mapping[str, object]
    ) -> NodeProgram:
        """
        Describe a process on one side.

        :param side: robot or server.
        :param name: of the process.
        :param module: to run.
        :param parameters: of its node.
        """
        namespace = self.link.robot if side == 'robot' else self.link.server
        variables = {
            'ROS_DOMAIN_ID': str(self._domains[side]),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            'OMP_NUM_THREADS': '1',
            **self._variables,
            'PYTHONPATH': f'{_HERE}{os.pathsep}{os.environ.get("PYTHONPATH", "")}',
        }
        return NodeProgram(name, module, parameters, command_in(namespace, []), variables)

    def node(self, name: str) -> NodeProgram:
        """
        Describe one of the four.

        :param name: edge, cloud, bridge_robot or bridge_server.
        """
        changes = self._changes.get(name, {})
        if name == 'edge':
            made = edge_program({**self._edge(), **changes})
        elif name == 'cloud':
            made = cloud_program({**self._cloud(), **changes})
        else:
            values = self._robot() if name == 'bridge_robot' else self._server()
            values = checked(BridgeConfig(), {**_LINK, **values, **changes})
            made = NodeProgram(name, 'laecips_bridge.bridge_node', values)
        side = 'robot' if name in ('edge', 'bridge_robot') else 'server'
        return self.program(side, name, made.module, made.parameters)

    def start(self, program: NodeProgram) -> None:
        """
        Start a process; the log of one that ran before under its name stays.

        :param program: what to start.
        """
        started_s = self.started_s.setdefault(program.name, [])
        started_s.append(time.monotonic())
        once = replace(program, name=f'{program.name}_{len(started_s)}')
        self._nodes[program.name] = NodeProcess(once, self.folder, os.environ)

    def kill(self, name: str) -> None:
        """
        End a process with SIGKILL.

        :param name: of the process.
        """
        self._nodes.pop(name).kill()

    def end(self, name: str) -> None:
        """
        Ask a process to end, which it must do in order and soon.

        :param name: of the process.
        """
        node = self._nodes[name]
        node.check()
        node.send(signal.SIGINT)
        deadline_s = time.monotonic() + _END_S
        while not node.ended:
            assert time.monotonic() < deadline_s, f'{name} did not end: see {node.log}'
            time.sleep(_POLL_S)
        del self._nodes[name]
        assert node.kill() == 0, node.log.read_text(errors='replace')[-2000:]

    def log(self, name: str) -> str:
        """
        Give what the process last started under a name has logged.

        :param name: of the process.
        """
        path = self.folder / f'{name}_{len(self.started_s[name])}.log'
        return path.read_text(encoding='utf-8', errors='replace')

    def until(self, holds: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
        """
        Wait; all processes must run meanwhile.

        :param holds: what to wait for.
        :param what: in words.
        :param patience_s: longest wait, in seconds.
        :returns: seconds waited.
        """
        begin_s = time.monotonic()
        while not holds():
            for node in self._nodes.values():
                node.check()
            waited_s = time.monotonic() - begin_s
            assert waited_s < patience_s, f'{what}: not within {patience_s} s'
            time.sleep(_POLL_S)
        return time.monotonic() - begin_s

    def journal_uids(self) -> list[str]:
        """Give every frame that the cloud has taken, in order."""
        return self._rows('SELECT uid FROM frames ORDER BY number')

    def waiting_uids(self) -> list[str]:
        """Give the frames whose round has not ended."""
        return self._rows('SELECT uid FROM samples JOIN frames USING (number)')

    def _rows(self, query: str) -> list[str]:
        if not self.journal.exists():
            return []
        database = sqlite3.connect(f'file:{self.journal}?mode=ro', uri=True)
        try:
            return [uid for (uid,) in database.execute(query)]
        finally:
            database.close()

    def _edge(self) -> dict[str, object]:
        return {
            **_MODEL,
            'miner.name': 'always',
            'uplink.robot': ROBOT,
            'uplink.deadline_s': 0.6,
            'updates.release_key': str(self.files.release_public),
            'updates.folder': str(self.folder / 'installed'),
        }

    def _cloud(self) -> dict[str, object]:
        return {
            **_MODEL,
            'store': str(self.folder / 'store'),
            'releases.key': str(self.files.release_private),
            'update.source_frames': 6,
            'update.gate_frames': 2,
            'update.max_interval_s': 1e9,
        }

    def _robot(self) -> dict[str, object]:
        outbox = str(self.folder / 'outbox.sqlite')
        link = {'link.connect': ADDRESS, 'outbox.path': outbox}
        return {'role': 'robot', 'robot': ROBOT, **link, **self.files.robot}

    def _server(self) -> dict[str, object]:
        link = {'link.listen': ADDRESS, 'link.robots': ROBOT}
        return {'role': 'server', **link, **self.files.server}

    def _kill_all(self) -> None:
        for node in self._nodes.values():
            node.kill()


def _two_domains() -> dict[str, int]:
    robot = free_domain_id(os.getpid())
    seeds = iter(range(os.getpid() + 1, os.getpid() + 1000))
    server = next(found for seed in seeds if (found := free_domain_id(seed)) != robot)
    return {'robot': robot, 'server': server}
