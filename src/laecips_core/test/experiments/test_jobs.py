from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from laecips_core.config import DataSetConfig
from laecips_core.errors import DataSetError
from laecips_core.experiments.jobs import Job
from laecips_core.experiments.results import RunResult
from laecips_core.experiments.suite import Suite

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def quiet(done: int, total: int) -> None:
    """Show no progress."""


def job_of(suite: Suite, folder: Path, method: str = 'CLOUD') -> Job:
    stream = replace(suite.stream, frames=2)
    plan = replace(suite, stream=stream).plan(method, 1)
    return Job(plan, folder, facts={'date': 'today'})


def test_a_run_is_kept_and_found(suite: Suite, tmp_path: Path) -> None:
    job = job_of(suite, tmp_path)
    assert job.found() is None
    result = job.run(quiet)
    assert isinstance(result, RunResult)
    assert (result.method, len(result.frames), result.facts) == ('CLOUD', 2, {'date': 'today'})
    assert job.found() == result
    assert job_of(suite, tmp_path, 'DCSB').found() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ['large_models', 'runs']
    assert len(list((tmp_path / 'large_models').iterdir())) == 2


def test_a_survey_is_kept_and_found_beside_the_run(suite: Suite, tmp_path: Path) -> None:
    run = job_of(suite, tmp_path)
    job = replace(run, fusers=('plain',), miners=('sm',))
    assert job.found() is None
    found = job.run(quiet)
    assert job.found() == found
    assert [one.index for one in found] == [0, 1]
    assert replace(job, miners=('sm', 'spp')).found() is None
    assert run.found() is None


def test_a_job_has_a_name_for_people(suite: Suite, tmp_path: Path) -> None:
    job = job_of(suite, tmp_path)
    assert job.name == 'CLOUD, seed 1'
    assert replace(job, fusers=('plain',)).name == 'survey, seed 1'


def test_a_job_runs_on_one_thread(suite: Suite, tmp_path: Path) -> None:
    torch.set_num_threads(2)
    try:
        job_of(suite, tmp_path, 'EDGE').run(quiet)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(1)


def test_the_source_is_scored_where_it_is_asked_for(suite: Suite, tmp_path: Path) -> None:
    job = job_of(suite, tmp_path, 'EDGE')
    result = job.run(quiet)
    assert isinstance(result, RunResult)
    assert result.source_miou == {}
    update = replace(job.plan.cloud.update, gate_frames=1)
    asked = replace(job, plan=replace(job.plan, cloud=replace(job.plan.cloud, update=update)))
    result = asked.run(quiet)
    assert isinstance(result, RunResult)
    assert list(result.source_miou) == ['start', 'end']
    assert result.source_miou['start'] == result.source_miou['end'] > 0.0


def test_a_missing_stream_is_refused_and_nothing_kept(suite: Suite, tmp_path: Path) -> None:
    job = job_of(suite, tmp_path)
    lost = replace(job, plan=replace(job.plan, stream=DataSetConfig('folder', '/none')))
    with pytest.raises(DataSetError, match=r"root: expected a data folder .*, got '/none'"):
        lost.run(quiet)
    assert list((tmp_path / 'runs').iterdir()) == []


def test_a_damaged_result_is_refused(suite: Suite, tmp_path: Path) -> None:
    job = job_of(suite, tmp_path, 'EDGE')
    job.run(quiet)
    (path,) = (tmp_path / 'runs').iterdir()
    path.write_text('{')
    with pytest.raises(DataSetError, match='delete it'):
        job.found()
