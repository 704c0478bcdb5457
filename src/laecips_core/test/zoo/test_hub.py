from __future__ import annotations

from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from laecips_core.errors import WeightsError
from laecips_core.zoo.hub import fetch_repository


def _asked(
    monkeypatch: pytest.MonkeyPatch, folder: Path, weights: str
) -> list[tuple[str, tuple[str, ...]]]:
    asked: list[tuple[str, tuple[str, ...]]] = []
    (folder / weights).touch()

    def snapshot(repository: str, allow_patterns: tuple[str, ...], **_: Any) -> str:
        asked.append((repository, allow_patterns))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, 'snapshot_download', snapshot)
    return asked


def test_safetensors_are_all_that_is_fetched_where_there_are_any(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = _asked(monkeypatch, tmp_path, 'model.safetensors')
    assert fetch_repository('owner/net') == tmp_path
    ((repository, patterns),) = asked
    assert repository == 'owner/net'
    assert not any(pattern.endswith(('.py', '.bin', '*')) for pattern in patterns)


def test_older_weights_are_fetched_where_there_is_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = _asked(monkeypatch, tmp_path, 'config.json')
    fetch_repository('owner/net')
    assert [patterns[0] for _, patterns in asked] == ['*.json', 'pytorch_model*.bin']


def test_without_a_network_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, 'HF_HUB_OFFLINE', True)
    monkeypatch.setattr(huggingface_hub.constants, 'HF_HUB_CACHE', str(tmp_path))
    with pytest.raises(WeightsError, match='owner/net: expected a repository of Hugging Face'):
        fetch_repository('owner/net')


def test_name_that_is_none_is_refused() -> None:
    with pytest.raises(WeightsError, match='owner/net/more'):
        fetch_repository('owner/net/more')
