from __future__ import annotations

from pathlib import Path

import pytest

from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.zoo.cache import cached_file
from laecips_core.zoo.cache import models_folder


def test_files_lie_in_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('LAECIPS_MODELS', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', '/somewhere')
    assert models_folder() == Path('/somewhere/laecips/models')
    monkeypatch.setenv('XDG_CACHE_HOME', '')
    assert models_folder() == Path.home() / '.cache' / 'laecips' / 'models'


def test_another_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv('LAECIPS_MODELS', str(tmp_path))
    (tmp_path / 'sam_vit_b_01ec64.pth').touch()
    assert cached_file('sam:vit_b') == tmp_path / 'sam_vit_b_01ec64.pth'


def test_absent_file_is_named_with_address_place_and_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('LAECIPS_MODELS', str(tmp_path))
    with pytest.raises(WeightsError) as caught:
        cached_file('sam:vit_h')
    message = str(caught.value)
    assert str(tmp_path / 'sam_vit_h_4b8939.pth') in message
    assert 'https://dl.fbaipublicfiles.com/segment_anything/sam_vit_h_4b8939.pth' in message
    assert 'laecips models fetch sam:vit_h' in message


def test_model_without_a_file_is_refused() -> None:
    with pytest.raises(WeightsError, match='rfnet: expected a model with an official weights'):
        cached_file('rfnet')


def test_unknown_model_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match='sam:vit_b'):
        cached_file('sam:vit_x')
