from __future__ import annotations

from pathlib import Path

import pytest

from laecips_bringup.demo_command import forget_weights
from laecips_bringup.demo_settings import CLOUD_SETTINGS
from laecips_bringup.demo_settings import EDGE_SETTINGS
from laecips_bringup.demo_settings import METHODS
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program


@pytest.mark.parametrize('method', METHODS)
def test_settings_of_every_method_are_allowed(method: str) -> None:
    assert edge_program(EDGE_SETTINGS[method]).parameters.items() >= EDGE_SETTINGS[method].items()
    assert cloud_program(CLOUD_SETTINGS[method]).parameters == CLOUD_SETTINGS[method]


def test_weights_of_an_older_demo_are_forgotten_and_nothing_else(tmp_path: Path) -> None:
    names = ('0123456789ab.safetensors', 'NEWEST', 'samples.sqlite', 'samples.sqlite-wal')
    for name in (*names, 'notes.txt'):
        (tmp_path / name).touch()
    forget_weights(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['notes.txt']


def test_first_demo_has_nothing_to_forget(tmp_path: Path) -> None:
    forget_weights(tmp_path / 'weights')
    assert list(tmp_path.iterdir()) == []
