from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from laecips_bringup import bench_command


def _parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench_command.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture(autouse=True)
def quick_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {'ratio': 2.5, 'fusion_s': 0.125, 'size_px': [4, 8]}
    monkeypatch.setattr(bench_command, 'BENCHES', {'fusion': lambda _: figures})


def test_last_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_command.run(_parse('fusion', '--json')) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    machine = found.pop('machine')
    assert found == {'bench': 'fusion', 'ratio': 2.5, 'fusion_s': 0.125, 'size_px': [4, 8]}
    assert list(machine) == ['cpu', 'cores', 'platform', 'python', 'torch', 'numpy']
    assert machine['cores'] >= 1


def test_without_json_only_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_command.run(_parse('fusion')) == 0
    out = capsys.readouterr().out
    assert 'fusion_s' in out
    assert '0.125' in out
    assert '{' not in out


def test_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parse('nothing')
    assert 'fusion' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('text', 'model'),
    [
        ('processor\t: 0\nmodel name\t: Fast CPU: 3 GHz\n', 'Fast CPU: 3 GHz'),
        ('processor\t: 0\nBogoMIPS\t: 50\nModel\t\t: Some Board 4\n', 'Some Board 4'),
    ],
)
def test_cpu_model_is_read(tmp_path: Path, text: str, model: str) -> None:
    facts = tmp_path / 'cpuinfo'
    facts.write_text(text)
    assert bench_command.cpu_model(facts) == model


def test_without_cpu_facts_the_platform_names_the_cpu(tmp_path: Path) -> None:
    assert bench_command.cpu_model(tmp_path / 'none')
