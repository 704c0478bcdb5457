"""What must hold for each launch file, whoever starts its nodes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import json
import os
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

from launch_witness import LaunchWitness

from laecips_bringup.launch_page import arguments_of
from laecips_bringup.launch_plan import node_plan
from laecips_bringup.launch_plan import NodePlan
from laecips_bringup.node_roles import BRIDGES
from laecips_bringup.node_roles import CLOUD
from laecips_bringup.node_roles import EDGE
from laecips_bringup.node_roles import NodeRole
from laecips_bringup.ros_domain import private_domain

ROOT = Path(__file__).resolve().parents[2]
MARK = 'LAECIPS_LAUNCH_TEST'
"""Variable of the environment by which the processes of one test are told from others."""

FRAMES = 4
"""How many a replay has."""


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
            assert (metrics['frames'], metrics['masks']) == (FRAMES, FRAMES)
            assert (self.out / 'masks' / 'metadata.yaml').exists()


@contextmanager
def marked() -> Iterator[str]:
    """
    Put what is started meanwhile into a domain of its own, with a mark in its environment.

    :returns: the mark.
    """
    mark = uuid4().hex
    with private_domain(os.getpid()), patch.dict(os.environ, {MARK: mark}):
        yield mark


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
