from __future__ import annotations

from collections.abc import Callable
import json
from typing import Any

import pytest

from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.weights.acceptance import SeenReleases
from laecips_core.weights.installed_state import InstalledState
from laecips_core.weights.installed_state import parse_state

NEWEST = WeightManifest(
    model='fast_scnn',
    version='a' * 12,
    parent='b' * 12,
    catalogue_sha256='c' * 64,
    encoding='safetensors-mixed16',
    sha256='d' * 64,
    size_bytes=123,
    notes={'round': '7'},
    tensors_sha256='a' * 64,
    release=2**60,
    expires_ns=99,
    signature=bytes(range(64)),
)
STATE = InstalledState(NEWEST, None, True, 2, SeenReleases(2**60, 'a' * 12, 3, 'e' * 12))


def test_a_state_comes_back_as_it_was() -> None:
    for state in (STATE, InstalledState(), InstalledState(last_good=NEWEST)):
        assert parse_state(state.to_text()) == state


@pytest.mark.parametrize(
    'damage',
    [
        lambda entry: entry.update(format=2),
        lambda entry: entry.pop('seen'),
        lambda entry: entry.update(seen={'release': '1'}),
        lambda entry: entry['seen'].update(release=True),
        lambda entry: entry.update(on_probation=1),
        lambda entry: entry.update(open_starts='1'),
        lambda entry: entry.update(newest=[]),
        lambda entry: entry['newest'].pop('release'),
        lambda entry: entry['newest'].update(release='5'),
        lambda entry: entry['newest'].update(more=1),
        lambda entry: entry['newest'].update(signature='xy'),
        lambda entry: entry['newest'].update(sha256='../../etc/passwd'),
        lambda entry: entry['newest'].update(notes={'round': 7}),
    ],
)
def test_a_damaged_state_is_refused(damage: Callable[[dict[str, Any]], Any]) -> None:
    entry = json.loads(STATE.to_text())
    damage(entry)
    with pytest.raises(WeightsError):
        parse_state(json.dumps(entry))


@pytest.mark.parametrize('text', ['', '[]', '{', STATE.to_text()[:-20]])
def test_a_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(WeightsError):
        parse_state(text)
