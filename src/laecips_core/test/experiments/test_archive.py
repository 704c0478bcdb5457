from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path

import pytest

from laecips_core.config import CloudConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeConfig
from laecips_core.errors import DataSetError
from laecips_core.experiments.archive import RunArchive
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import FORMAT
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import FrameSurvey
from laecips_core.experiments.results import RoundResult
from laecips_core.experiments.results import RunResult

PLAN = RunPlan('PAPER (no gate)', 2, DataSetConfig(), EdgeConfig(), CloudConfig(), LinkConfig())
RESULT = RunResult(
    'PAPER (no gate)',
    2,
    [FrameResult(0, 0, None, 0.1 + 0.2, True, 0.5, 0.5, 'v1', 0.1, 0.2, 0.3, 10, 20)],
    [RoundResult(0, 'REJECTED', 'v1', 'β, worse', 4, 1.0, 0)],
    ['road'],
    [[[1, 0]]],
    [[[0, 1]]],
    {'start': 0.5, 'end': 0.4},
    {'date': 'today'},
)
SURVEY = [
    FrameSurvey(0, 0, 0.5, {'plain': 0.6, 'guarded': None}, 1.5, {'sm': 1 / 3}),
    FrameSurvey(1, 4, None, {'plain': None, 'guarded': None}, 0.0, {'sm': 0.0}),
]


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_what_is_put_in_is_found_again(tmp_path: Path) -> None:
    RunArchive(tmp_path / 'a' / 'runs').put(PLAN, RESULT)
    again = RunArchive(tmp_path / 'a' / 'runs')
    assert again.get(replace(PLAN)) == RESULT
    assert only_file(tmp_path / 'a' / 'runs').name == f'paper-no-gate-2-{PLAN.key}.json'


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    archive = RunArchive(tmp_path)
    archive.put(PLAN, RESULT)
    assert archive.get(replace(PLAN, seed=3)) is None
    assert archive.get(replace(PLAN, link=LinkConfig(mbit_per_s=5.0))) is None
    assert archive.get_survey(PLAN, 'plain sm') is None


def test_a_later_result_replaces_an_earlier_one(tmp_path: Path) -> None:
    archive = RunArchive(tmp_path)
    archive.put(PLAN, RESULT)
    archive.put(PLAN, replace(RESULT, classes=['car']))
    found = archive.get(PLAN)
    assert found is not None
    assert found.classes == ['car']
    assert only_file(tmp_path).is_file()


def test_surveys_are_kept_by_what_was_asked(tmp_path: Path) -> None:
    archive = RunArchive(tmp_path)
    archive.put_survey(PLAN, 'plain guarded sm', SURVEY)
    archive.put_survey(PLAN, 'plain sm', SURVEY[:1])
    assert archive.get_survey(PLAN, 'plain guarded sm') == SURVEY
    assert archive.get_survey(PLAN, 'plain sm') == SURVEY[:1]
    assert archive.get(PLAN) is None


def test_another_format_is_not_found(tmp_path: Path) -> None:
    archive = RunArchive(tmp_path)
    archive.put(PLAN, RESULT)
    path = only_file(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), 'format': FORMAT + 1}))
    assert archive.get(PLAN) is None


@pytest.mark.parametrize(
    'damage',
    ['', '{"format": 1, "fra', '[1]', f'{{"format": {FORMAT}}}', '\x00', f'{{"format": {FORMAT}, '
     '"frames": [{"index": 0}], "rounds": []}'],
)  # fmt: skip
def test_a_damaged_run_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    archive = RunArchive(tmp_path)
    archive.put(PLAN, RESULT)
    only_file(tmp_path).write_text(damage)
    match = rf'{PLAN.key}\.json: expected a finished run, got .*; delete it'
    with pytest.raises(DataSetError, match=match):
        archive.get(PLAN)


@pytest.mark.parametrize('damage', ['', '[]', '{}', '{"frames": [{}]}', '{"frames": 1}'])
def test_a_damaged_survey_is_refused(tmp_path: Path, damage: str) -> None:
    archive = RunArchive(tmp_path)
    archive.put_survey(PLAN, 'plain sm', SURVEY)
    only_file(tmp_path).write_text(damage)
    with pytest.raises(DataSetError, match='expected a finished run'):
        archive.get_survey(PLAN, 'plain sm')


def test_a_number_that_is_none_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='not JSON compliant'):
        RunArchive(tmp_path).put(PLAN, replace(RESULT, source_miou={'start': float('nan')}))
    assert list(tmp_path.iterdir()) == []
