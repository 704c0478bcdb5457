from __future__ import annotations

from pathlib import Path
import re
from typing import Any

import pytest

from laecips_bringup import cli
from laecips_bringup import experiment_command
from laecips_core.experiments.jobs import Job

PAGE = ['report.html', 'report.md']


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names of the jobs that were really run."""
    names: list[str] = []
    run = Job.run

    def counted(job: Job, tell: Any) -> Any:
        names.append(job.name)
        return run(job, tell)

    monkeypatch.setattr(Job, 'run', counted)
    return names


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_table1_is_written_resumed_and_computed_afresh(
    tiny_words: list[str], tmp_path: Path, runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ['experiment', 'table1', *tiny_words, '--seeds', '1', '--out', str(tmp_path)]
    assert cli.main([*words, '--methods', 'LAECIPS, DCSB']) == 0
    assert runs == ['LAECIPS, seed 0', 'DCSB, seed 0']
    printed = capsys.readouterr().out
    assert '| LAECIPS |' in printed
    assert f'table1: {tmp_path / "table1"}' in printed
    assert files_of(tmp_path) == ['cache', 'table1']
    made = files_of(tmp_path / 'table1')
    assert [name for name in made if not name.endswith(('.csv', '.png'))] == PAGE
    assert [name for name in made if name.startswith('table-i')]
    text = (tmp_path / 'table1' / 'report.md').read_text(encoding='utf-8')
    assert text.startswith('# table1: folder walk')
    assert str(tmp_path.parent) not in text
    assert cli.main([*words, '--methods', 'EDGE,DCSB']) == 0
    assert runs[2:] == ['EDGE, seed 0']
    assert '1 of 2 runs were done before' in capsys.readouterr().out
    assert cli.main([*words, '--methods', 'EDGE', '--fresh', '--title', 'Here']) == 0
    assert runs[3:] == ['EDGE, seed 0']
    text = (tmp_path / 'table1' / 'report.md').read_text(encoding='utf-8')
    assert text.startswith('# table1: Here')


def test_another_setting_is_another_run(
    tiny_words: list[str], tmp_path: Path, runs: list[str]
) -> None:
    words = ['experiment', 'figure6', *tiny_words, '--seeds', '1', '--methods', 'EDGE']
    words += ['--out', str(tmp_path)]
    assert cli.main(words) == 0
    assert cli.main([*words, '--link-mbit-per-s', '8']) == 0
    assert cli.main([*words, '--edge', 'uplink.image_quality=80']) == 0
    assert runs == ['EDGE, seed 0'] * 3
    assert len(list((tmp_path / 'cache' / 'runs').iterdir())) == 3


def test_miners_are_compared_on_a_survey(
    tiny_words: list[str], tmp_path: Path, runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ['experiment', 'miners', *tiny_words, '--seeds', '1', '--out', str(tmp_path)]
    assert cli.main(words) == 0
    printed = capsys.readouterr().out
    assert all(f'| {name} |' in printed for name in ('learned', 'spp', 'sm', 'mess', 'random'))
    made = files_of(tmp_path / 'miners')
    assert len([name for name in made if name.endswith('.png')]) == 2
    assert cli.main(['experiment', 'figure8', *words[2:]]) == 0
    assert runs == ['survey, seed 0']


def test_bound_prints_its_terms_and_needs_no_run(
    tiny_words: list[str],
    tmp_path: Path,
    runs: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        experiment_command, 'measured_bound', lambda *_: {'empirical loss': '0.5 nats'}
    )
    words = ['experiment', 'bound', *tiny_words, '--seeds', '1', '--out', str(tmp_path)]
    assert cli.main(words) == 0
    assert 'empirical loss: 0.5 nats' in capsys.readouterr().out
    assert runs == []
    text = (tmp_path / 'bound' / 'report.md').read_text(encoding='utf-8')
    assert '| empirical loss | 0.5 nats |' in text


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--methods', 'EDGE,XYZ'], "method: expected one of .*, got 'XYZ'"),
        (['--edge', 'miner.name'], '--edge: expected KEY=VALUE'),
        (['--cloud', 'update.speed=1'], r'update\.speed: expected a known setting'),
        (['--cloud', 'update.epochs=0'], r'update\.epochs: expected int in'),
        (['--seeds', '0'], r'--seeds and --jobs: expected at least 1, got \(0, 1\)'),
        (['--jobs', '0'], r'--seeds and --jobs: expected at least 1, got \(3, 0\)'),
        (['--link-mbit-per-s', '0'], 'mbit_per_s: expected float in'),
        (['--dataset', 'none'], 'dataset: expected one of'),
        (['--frames', '-1'], 'frames: expected int in'),
        (['--root', '/none'], 'root: expected a data folder'),
    ],
)
def test_bad_arguments_are_one_line_and_status_2(
    tiny_words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    given = ['experiment', 'figure5', *tiny_words, *words, '--out', str(tmp_path / 'out')]
    if '--methods' in words:
        given[1] = 'table1'
    assert cli.main(given) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)


def test_an_unknown_experiment_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(['experiment', 'table3'])
    assert end.value.code == 2
    assert "invalid choice: 'table3'" in capsys.readouterr().err
