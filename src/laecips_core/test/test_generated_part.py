from __future__ import annotations

from pathlib import Path

import pytest

from laecips_core.generated_part import GeneratedPart

PART = GeneratedPart('<begin>\n', '<end>\n', lambda: ['new\n', 'lines\n'])


def test_only_what_stands_between_the_marks_is_written() -> None:
    page = PART.written_into('before\n<begin>\nold\n<end>\nafter\n')
    assert page == 'before\n<begin>\nnew\nlines\n<end>\nafter\n'


@pytest.mark.parametrize('page', ['', '<begin>\n', '<end>\n', '<end>\n<begin>\n'])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(LookupError, match="expected '<begin>"):
        PART.written_into(page)


def test_the_page_of_the_command_line_is_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'page.md'
    path.write_text('<begin>\n<end>\n', encoding='utf-8')
    monkeypatch.setattr('sys.argv', ['page', str(path)])
    PART.rewrite()
    assert path.read_text(encoding='utf-8') == '<begin>\nnew\nlines\n<end>\n'
