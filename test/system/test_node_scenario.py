"""The scenario of each launch file, with the process runner in the place of launch."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
from uuid import uuid4

from launch_suite import MARK
from launch_suite import processes_with
from launch_suite import ROOT
from launch_suite import Scenario
from launch_suite import SCENARIOS
from launch_witness import LaunchWitness
from launch_witness import PATIENCE_S
import pytest

from laecips_bringup.launch_plan import NodePlan
from laecips_bringup.node_process import NodeProgram
from laecips_bringup.node_settings import RELIABLE_IMAGES
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.ros_domain import private_domain


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    mark = uuid4().hex
    monkeypatch.setenv(MARK, mark)
    with private_domain(os.getpid()):
        yield mark


def _program(number: int, plan: NodePlan, scenario: Scenario) -> NodeProgram:
    words = [f'__ns:=/{plan.namespace}'] if plan.namespace else []
    words += [f'{name}:={other}' for name, other in plan.remappings]
    arguments = [part for word in words for part in ('-r', word)]
    if plan.params_file is not None:
        arguments += ['--params-file', str(plan.params_file)]
    reliable = RELIABLE_IMAGES if scenario.replay else {}
    return NodeProgram(
        f'{plan.role.name}_{number}',
        plan.role.module,
        {**reliable, **plan.parameters},
        ros_arguments=arguments,
    )


def test_every_launch_file_has_a_scenario() -> None:
    files = sorted(path.name for path in (ROOT / 'launch').glob('*.launch.py'))
    assert files == sorted(f'{name}.launch.py' for name in SCENARIOS)


@pytest.mark.timeout(5 * PATIENCE_S)
@pytest.mark.parametrize('name', SCENARIOS)
def test_nodes_come_up_answer_a_frame_and_leave_nothing(
    name: str, tmp_path: Path, mark: str
) -> None:
    scenario = SCENARIOS[name](tmp_path)
    programs = [_program(number, plan, scenario) for number, plan in enumerate(scenario.plans())]
    patient = [(signal.SIGINT, PATIENCE_S)]
    with NodeProcesses(programs, tmp_path / 'logs', stop_signals=patient) as processes:
        with LaunchWitness(processes.check) as witness:
            scenario.watch(witness)
        if scenario.replay:
            command = ['laecips', *scenario.replay]
            subprocess.run(command, check=True, timeout=PATIENCE_S)
        assert processes_with(mark)
        assert processes.stop() == (0,) * len(programs)
    assert processes_with(mark) == []
    scenario.check_results()
