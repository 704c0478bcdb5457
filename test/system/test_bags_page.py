"""The commands of docs/bags.md run as they stand there."""

from __future__ import annotations

import json
from pathlib import Path
import re
import shlex

import pytest

from laecips_bringup.cli import main
from laecips_bringup.run_topics import TO_RECORD

_PAGE = (Path(__file__).resolve().parents[2] / 'docs' / 'bags.md').read_text(encoding='utf-8')


def _commands() -> list[list[str]]:
    blocks = re.findall(r'```bash\n(.*?)```', _PAGE, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_commands_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in _commands():
        assert words[0] == 'laecips'
        assert main(words[1:]) == 0
    (row,) = json.loads((tmp_path / 'out/report/metrics.json').read_text())['table']
    replayed = json.loads((tmp_path / 'out/monday/metrics.json').read_text())
    assert {**row, 'method': 'LAECIPS'} == replayed['table'][0]
    assert row['miou'] > 0.0


def test_page_and_error_name_the_same_topics_to_record() -> None:
    topics = TO_RECORD.format(edge='/edge')
    assert f'ros2 bag record {topics} /camera/image_raw\n' in _PAGE
