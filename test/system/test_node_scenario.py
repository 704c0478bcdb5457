"""The scenario of each launch file, with the process runner in the place of launch."""

from __future__ import annotations

from pathlib import Path
import signal
import subprocess

from launch_scenarios import SCENARIOS
from launch_suite import marked
from launch_suite import processes_with
from launch_suite import ROOT
from launch_suite import Scenario
from launch_witness import LaunchWitness
from launch_witness import PATIENCE_S
import pytest

from laecips_bringup.launch_plan import NodePlan
from laecips_bringup.node_process import NodeProgram
from laecips_bringup.node_settings import RELIABLE_IMAGES
from laecips_bringup.process_runner import NodeProcesses


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
    files = {path.name for path in (ROOT / 'launch').glob('*.launch.py')}
    assert files == {f'{name}.launch.py' for name in SCENARIOS if name != 'robots'}


@pytest.mark.timeout(5 * PATIENCE_S)
@pytest.mark.parametrize('name', SCENARIOS)
def test_nodes_come_up_answer_a_frame_and_leave_nothing(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name](tmp_path)
    programs = [_program(number, plan, scenario) for number, plan in enumerate(scenario.plans())]
    with marked() as mark:
        statuses = _run(programs, scenario, tmp_path / 'logs')
    assert statuses == (0,) * len(programs)
    assert processes_with(mark) == []
    scenario.check_results()


def _run(programs: list[NodeProgram], scenario: Scenario, folder: Path) -> tuple[int, ...]:
    patient = [(signal.SIGINT, PATIENCE_S)]
    with NodeProcesses(programs, folder, stop_signals=patient) as processes:
        with LaunchWitness(processes.check) as witness:
            scenario.watch(witness)
        if scenario.replay:
            command = ['laecips', *scenario.replay]
            subprocess.run(command, check=True, timeout=PATIENCE_S)
        return processes.stop()


def test_processes_are_found_by_their_mark() -> None:
    with marked() as mark:
        process = subprocess.Popen(['sleep', '60'])
        try:
            assert processes_with(mark) == [str(process.pid)]
        finally:
            process.kill()
            process.wait()
    assert processes_with(mark) == []
