from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from laecips_bringup import experiment_runner
from laecips_bringup.experiment_runner import do_jobs
from laecips_core.config import DataSetConfig
from laecips_core.errors import DataSetError
from laecips_core.experiments.jobs import Job
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.results import RunResult
from laecips_core.experiments.suite import Suite


@dataclass
class Fake:
    """Stands for a job that is done at once."""

    name: str
    kept: str | None = None
    error: Exception | None = None
    runs: int = 0
    log: list[str] = field(default_factory=list)

    def found(self) -> str | None:
        return self.kept

    def run(self, tell: Callable[[int, int], None]) -> str:
        self.runs += 1
        tell(1, 2)
        if self.error is not None:
            raise self.error
        self.kept = f'result of {self.name}'
        return self.kept


def do(*jobs: Any, fresh: bool = False, processes: int = 1) -> tuple[list[Any], str]:
    screen = io.StringIO()
    console = Console(file=screen, width=100)
    return do_jobs(jobs, processes=processes, fresh=fresh, console=console), screen.getvalue()


def job_of(data: Path, folder: Path, method: str) -> Job:
    edge = {
        'model.weights': str(data / 'start.safetensors'),
        'model.input_height_px': 64,
        'model.input_width_px': 96,
    }
    cloud = {'masks.name': 'none', 'update.source_frames': 0, 'update.gate_frames': 0}
    suite = Suite(DataSetConfig('folder', str(data), frames=2), edge, cloud, LinkConfig())
    return Job(suite.plan(method, 0), folder)


def without_times(run: RunResult) -> RunResult:
    frames = [replace(one, edge_s=0.0, cloud_s=0.0, latency_s=0.0) for one in run.frames]
    return replace(run, frames=frames)


def test_results_come_in_the_order_of_the_jobs() -> None:
    jobs = Fake('a'), Fake('b', kept='old b'), Fake('c')
    results, shown = do(*jobs)
    assert results == ['result of a', 'old b', 'result of c']
    assert [job.runs for job in jobs] == [1, 0, 1]
    assert '1 of 3 runs were done before' in shown


def test_what_was_done_before_is_done_again_on_demand() -> None:
    job = Fake('a', kept='old')
    results, shown = do(job, fresh=True)
    assert (results, job.runs) == (['result of a'], 1)
    assert 'before' not in shown


def test_no_jobs_have_no_results() -> None:
    assert do()[0] == []
    assert do(processes=2)[0] == []


def test_nothing_left_to_do_starts_no_process() -> None:
    assert do(Fake('a', kept='old'), processes=2)[0] == ['old']


def test_progress_names_the_run() -> None:
    assert 'LAECIPS, seed 1' in do(Fake('LAECIPS, seed 1'))[1]


def test_the_first_error_ends_it_and_finished_jobs_are_kept() -> None:
    error = DataSetError('x', 'y', 'z')
    jobs = Fake('a'), Fake('b', error=error), Fake('c')
    with pytest.raises(DataSetError, match='x: expected y, got z'):
        do(*jobs)
    assert (jobs[0].kept, jobs[2].runs) == ('result of a', 0)


def test_several_at_a_time_come_in_order_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def threads(count: int, mp_context: object) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(count)

    monkeypatch.setattr(experiment_runner, 'ProcessPoolExecutor', threads)
    jobs = [Fake('a'), Fake('b', kept='old b'), Fake('c'), Fake('d')]
    results, shown = do(*jobs, processes=2)
    assert results == ['result of a', 'old b', 'result of c', 'result of d']
    assert [job.runs for job in jobs] == [1, 0, 1, 1]
    assert '3/3' in shown
    jobs = [Fake('a'), Fake('b', error=DataSetError('x', 'y', 'z'))]
    with pytest.raises(DataSetError, match='x: expected y, got z'):
        do(*jobs, processes=2)


def test_another_process_finds_the_same(tiny_data: Path, tmp_path: Path) -> None:
    job = job_of(tiny_data, tmp_path / 'two', 'CLOUD')
    alone = replace(job, folder=tmp_path / 'one')
    (one,), (two,) = do(alone)[0], do(job, processes=2)[0]
    assert without_times(one) == without_times(two)
    assert job.found() == two


def test_an_error_in_another_process_is_raised_here(tiny_data: Path, tmp_path: Path) -> None:
    good = job_of(tiny_data, tmp_path, 'EDGE')
    lost = replace(good, plan=replace(good.plan, stream=DataSetConfig('folder', '/none')))
    with pytest.raises(DataSetError, match=r"root: expected a data folder .*, got '/none'"):
        do(lost, processes=2)
