from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from laecips_core.config import CloudConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeConfig
from laecips_core.config import LabelConfig
from laecips_core.errors import UnknownNameError
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.plan import RunPlan
from laecips_core.setting import replace_settings
from laecips_core.setting import settings_of

PLAN = RunPlan('LAECIPS', 0, DataSetConfig(), EdgeConfig(), CloudConfig(), LinkConfig())
PATHS = frozenset({'model.weights', 'labels.weights'})


def another(value: Any, choices: tuple[str, ...]) -> Any:
    if choices:
        return next(choice for choice in choices if choice != value)
    if isinstance(value, str):
        return f'{value}x'
    return value + 1 if value + 1 <= 1 or isinstance(value, int) else value / 2


def with_labels(source: str, weights: Path | str, **others: Any) -> RunPlan:
    labels = LabelConfig(source, str(weights), **others)
    return replace(PLAN, cloud=replace(PLAN.cloud, labels=labels))


def test_a_key_is_the_same_for_the_same_plan() -> None:
    assert PLAN.key == replace(PLAN).key
    assert len(PLAN.key) == 16


@pytest.mark.parametrize('side', ['stream', 'edge', 'cloud', 'link'])
def test_a_key_changes_with_every_setting(side: str) -> None:
    config, keys = getattr(PLAN, side), {PLAN.key}
    names = [(n, another(v, fact.choices)) for n, v, fact in settings_of(config) if n not in PATHS]
    for name, value in names:
        changed = _unchecked(config, name.split('.'), value)
        keys.add(replace(PLAN, **{side: changed}).key)
    assert len(keys) == 1 + len(names)


def _unchecked(config: Any, path: list[str], value: Any) -> Any:
    head, *rest = path
    inner = value if not rest else _unchecked(getattr(config, head), rest, value)
    return replace(config, **{head: inner})


def test_a_key_changes_with_method_and_seed() -> None:
    assert len({PLAN.key, replace(PLAN, method='DCSB').key, replace(PLAN, seed=1).key}) == 3


@pytest.mark.parametrize('name', ['edge', 'cloud', 'labels'])
def test_a_key_changes_with_the_bytes_of_weights(tmp_path: Path, name: str) -> None:
    weights = tmp_path / 'w.safetensors'
    if name == 'labels':
        plan = with_labels('teacher:fast_scnn', weights)
    else:
        config = replace_settings(getattr(PLAN, name), {'model.weights': str(weights)})
        plan = replace(PLAN, **{name: config})
    weights.write_bytes(b'one')
    first = plan.key
    weights.write_bytes(b'two')
    second = plan.key
    weights.write_bytes(b'one')
    assert (plan.key, second == first) == (first, False)


def test_weights_that_are_not_there_are_refused() -> None:
    edge = replace_settings(EdgeConfig(), {'model.weights': 'builtin:none'})
    with pytest.raises(UnknownNameError, match='weights: expected one of builtin:patrol'):
        _ = replace(PLAN, edge=edge).key


def test_masks_depend_on_mask_settings_alone() -> None:
    masks = replace(PLAN.cloud.masks, seed=1)
    other = replace(PLAN, cloud=replace(PLAN.cloud, masks=masks))
    assert other.mask_settings != PLAN.mask_settings
    assert with_labels('edge', '').mask_settings == PLAN.mask_settings
    assert replace(PLAN, method='CLOUD', seed=5).mask_settings == PLAN.mask_settings


def test_labels_depend_on_the_bytes_of_weights_and_not_on_their_path(tmp_path: Path) -> None:
    for name in ('a', 'b', 'c'):
        (tmp_path / name).write_bytes(b'other' if name == 'c' else b'same')
    a, b, c = (with_labels('mix:x', tmp_path / name).label_settings for name in 'abc')
    assert a == b
    assert a != c


def test_labels_depend_on_the_start_weights(tmp_path: Path) -> None:
    start = tmp_path / 'start'
    start.write_bytes(b'start')
    cloud = replace_settings(PLAN.cloud, {'model.weights': str(start)})
    assert replace(PLAN, cloud=cloud).label_settings != PLAN.label_settings


def test_what_is_answered_does_not_change_the_labels() -> None:
    answered = with_labels('edge', '', answers='labels')
    assert answered.label_settings == PLAN.label_settings
    assert with_labels('edge', '', teacher_share=0.4).label_settings != PLAN.label_settings
