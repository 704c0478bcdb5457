from __future__ import annotations

from pathlib import Path

import pytest

from laecips_core.errors import PlugInError
from laecips_core.models.library_import import import_library


def test_a_library_that_is_installed_is_imported() -> None:
    assert import_library('transformers').AutoConfig


def test_a_library_that_is_missing_is_refused_with_the_remedy() -> None:
    match = r'no_such_library: expected a library .*; install what requirements/models\.txt lists'
    with pytest.raises(PlugInError, match=match):
        import_library('no_such_library')


def test_a_library_that_does_not_import_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'broken_library.py').write_text('raise RuntimeError("built for another torch")')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PlugInError, match='built for another torch'):
        import_library('broken_library')
