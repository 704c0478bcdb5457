from __future__ import annotations

from pathlib import Path

import pytest

from laecips_core.engines.torch_process import missing
from laecips_core.engines.torch_process import run_module
from laecips_core.errors import EngineError

ECHO = """
import json, pathlib, sys
order = json.load(sys.stdin)
if order['wait']:
    import time
    time.sleep(60)
print('told')
print(order['text'], file=sys.stderr)
pathlib.Path(sys.argv[1]).write_text(order['text'])
sys.exit(order['status'])
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / 'echo_process.py').write_text(ECHO)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path), prepend=':')
    return 'echo_process'


def test_the_module_gets_the_order_and_writes_the_file(module: str, tmp_path: Path) -> None:
    result = tmp_path / 'result'
    order = {'text': 'ä', 'status': 0, 'wait': False}
    assert run_module(module, order, result, 'echo') == 'told\n'
    assert result.read_text(encoding='utf-8') == 'ä'


def test_what_failed_is_told(module: str, tmp_path: Path) -> None:
    order = {'text': 'no room', 'status': 2, 'wait': False}
    with pytest.raises(
        EngineError, match=r'echo: expected its end without an error, got \[no room'
    ):
        run_module(module, order, tmp_path / 'result', 'echo')


def test_a_failure_without_a_word_is_told_by_its_status(module: str, tmp_path: Path) -> None:
    order = {'text': '', 'status': 7, 'wait': False}
    with pytest.raises(EngineError, match='exit status 7'):
        run_module(module, order, tmp_path / 'result', 'echo')


def test_it_is_given_up_at_the_deadline(module: str, tmp_path: Path) -> None:
    order = {'text': '', 'status': 0, 'wait': True}
    with pytest.raises(EngineError, match=r'echo: expected its end in 0\.5 s, got none'):
        run_module(module, order, tmp_path / 'result', 'echo', deadline_s=0.5)


def test_missing_libraries_are_named() -> None:
    assert missing(('numpy', 'no_such_library')) == ['no_such_library']
