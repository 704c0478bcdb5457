"""Runs nodes as processes of their own, and leaves none behind."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import os
from pathlib import Path
import signal
import time
from types import TracebackType

from laecips_bringup.node_process import NodeProcess
from laecips_bringup.node_process import NodeProgram

STOP_SIGNALS = ((signal.SIGINT, 10.0), (signal.SIGTERM, 5.0))
"""What a node is sent to end, and the seconds it then has; SIGKILL follows."""

_POLL_S = 0.02


class NodeProcesses:
    """Nodes that run while a ``with`` block does; every one has ended after it."""

    def __init__(
        self,
        programs: Sequence[NodeProgram],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        stop_signals: Sequence[tuple[signal.Signals, float]] = STOP_SIGNALS,
    ) -> None:
        """
        Start nothing yet.

        :param programs: what to start, in this order.
        :param folder: gets parameter files and logs; made when absent.
        :param environment: variables of the processes; None: those of this one.
        :param stop_signals: sent to end them, each with the seconds that they then have.
        """
        self._programs = programs
        self._folder = folder
        self._environment = dict(os.environ if environment is None else environment)
        self._environment['PYTHONUNBUFFERED'] = '1'
        self._stop_signals = stop_signals
        self._nodes: list[NodeProcess] = []

    def __enter__(self) -> NodeProcesses:
        """Start them all, or none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            for program in self._programs:
                self._nodes.append(NodeProcess(program, self._folder, self._environment))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them all."""
        self.stop()

    @property
    def logs(self) -> tuple[Path, ...]:
        """Where each node writes its output."""
        return tuple(node.log for node in self._nodes)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids, in the order of the programs."""
        return tuple(node.pid for node in self._nodes)

    def check(self) -> None:
        """
        Make sure that all run.

        :raises NodeDiedError: for the first that has ended.
        """
        for node in self._nodes:
            node.check()

    def stop(self) -> tuple[int, ...]:
        """
        End them all: by signal, each with its grace, then by force.

        :returns: exit statuses, in the order of the programs; negative: the signal that ended it.
        """
        try:
            for number, grace_s in self._stop_signals:
                for node in self._nodes:
                    node.send(number)
                if self._all_end(grace_s):
                    break
        finally:
            statuses = tuple(node.kill() for node in self._nodes)
            self._nodes = []
        return statuses

    def _all_end(self, grace_s: float) -> bool:
        deadline_s = time.monotonic() + grace_s
        while not all(node.ended for node in self._nodes):
            if time.monotonic() > deadline_s:
                return False
            time.sleep(_POLL_S)
        return True
