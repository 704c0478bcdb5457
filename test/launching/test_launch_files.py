"""Every launch file, run by launch_testing: nodes come up, answer a frame and leave nothing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any
import unittest

from launch_scenarios import SCENARIOS
from launch_suite import marked
from launch_suite import processes_with
from launch_suite import Scenario
from launch_witness import LaunchWitness
from launch_witness import PATIENCE_S
import pytest

if find_spec('launch_testing') is None or find_spec('launch_ros') is None:
    pytest.skip(
        'launch_testing and launch_ros are not installed (the ROS 2 wheels lack them); '
        'test_node_scenario.py runs the same scenarios without launch',
        allow_module_level=True,
    )

from launch.actions import GroupAction
from launch.actions import IncludeLaunchDescription
from launch.actions import SetLaunchConfiguration
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_testing import loader
from launch_testing import post_shutdown_test
from launch_testing.actions import ReadyToTest
from launch_testing.asserts import assertExitCodes
from launch_testing.test_runner import LaunchTestRunner

from launch import LaunchDescription

_REPLAY = 'replay'


class WhileItRuns(unittest.TestCase):
    """Run by launch_testing, beside the launch."""

    __test__ = False

    def test_nodes_become_active_and_answer(self, scenario: Scenario, proc_info: Any) -> None:
        with LaunchWitness() as witness:
            scenario.watch(witness)
        if scenario.replay:
            proc_info.assertWaitForShutdown(process=_REPLAY, timeout=PATIENCE_S)


@post_shutdown_test()
class AfterItHasEnded(unittest.TestCase):
    """Run by launch_testing, after the launch."""

    __test__ = False

    def test_every_process_ended_in_order(self, proc_info: Any) -> None:
        assertExitCodes(proc_info)

    def test_no_process_is_left(self, mark: str) -> None:
        assert processes_with(mark) == []

    def test_replay_has_written_its_results(self, scenario: Scenario) -> None:
        scenario.check_results()


def _described(scenario: Scenario) -> LaunchDescription:
    # A group each, so that the arguments of one file do not reach the next.
    patient = SetLaunchConfiguration('sigterm_timeout', str(PATIENCE_S))
    return LaunchDescription(
        [patient]
        + [
            GroupAction(
                [
                    IncludeLaunchDescription(
                        PythonLaunchDescriptionSource(str(part.path)),
                        launch_arguments=list(part.arguments.items()),
                    )
                ]
            )
            for part in scenario.parts
        ]
        + [ReadyToTest()]
    )


def _cases(cases: Any, case: type[unittest.TestCase]) -> unittest.TestSuite:
    return unittest.TestSuite([cases.loadTestsFromTestCase(case)])


@pytest.mark.timeout(5 * PATIENCE_S)
@pytest.mark.parametrize('name', SCENARIOS)
def test_launch_file(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name](tmp_path)
    with marked() as mark:
        run = loader.TestRun(
            name,
            lambda: (_described(scenario), {'scenario': scenario, 'mark': mark}),
            {},
            _cases(loader.PreShutdownTestLoader(), WhileItRuns),
            _cases(loader.PostShutdownTestLoader(), AfterItHasEnded),
        )
        results = LaunchTestRunner([run]).run()[run]
    wrong = [text for _, text in results.failures + results.errors]
    assert results.wasSuccessful(), '\n'.join(wrong)
