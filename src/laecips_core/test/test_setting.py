from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from laecips_core.errors import ConfigError
from laecips_core.setting import Change
from laecips_core.setting import check_config
from laecips_core.setting import check_value
from laecips_core.setting import group
from laecips_core.setting import replace_settings
from laecips_core.setting import Setting
from laecips_core.setting import setting
from laecips_core.setting import settings_of


@dataclass(frozen=True)
class InnerConfig:
    rate: float = setting(0.5, 'A rate.', low=0.0, high=1.0)
    count: int = setting(3, 'A count.', low=1)


@dataclass(frozen=True)
class OuterConfig:
    name: str = setting('a', 'A name.', choices=('a', 'b'))
    on: bool = setting(True, 'A switch.', change=Change.RUN_TIME)
    inner: InnerConfig = group(InnerConfig)


def test_settings_are_walked_in_order_with_dotted_names() -> None:
    walked = [(name, value) for name, value, _ in settings_of(OuterConfig(), 'x.')]
    assert walked == [('x.name', 'a'), ('x.on', True), ('x.inner.rate', 0.5), ('x.inner.count', 3)]


def test_a_setting_carries_its_facts() -> None:
    facts = {name: fact for name, _, fact in settings_of(OuterConfig())}
    assert facts['inner.rate'] == Setting('A rate.', 0.0, 1.0, (), Change.UNCONFIGURED)
    assert facts['name'].choices == ('a', 'b')
    assert facts['on'].change is Change.RUN_TIME


@pytest.mark.parametrize(
    ('fact', 'kind', 'words'),
    [
        (Setting('', choices=('a', 'b')), str, 'one of a, b'),
        (Setting(''), bool, 'bool'),
        (Setting('', low=1), int, 'int in [1, inf]'),
        (Setting('', high=0.5), float, 'float in [-inf, 0.5]'),
    ],
)
def test_what_is_allowed_is_said_in_words(fact: Setting, kind: type, words: str) -> None:
    assert fact.allowed(kind) == words


@pytest.mark.parametrize('value', [0.0, 0.5, 1.0])
def test_values_on_and_between_the_bounds_are_allowed(value: float) -> None:
    check_value('rate', value, float, Setting('', low=0.0, high=1.0))


@pytest.mark.parametrize('value', [-0.1, 1.1, float('nan'), float('inf'), 1, True, '0.5', None])
def test_a_value_of_another_range_or_type_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match=r'^rate: expected float in \[0, 1\], got '):
        check_value('rate', value, float, Setting('', low=0.0, high=1.0))


def test_an_infinite_number_is_refused_without_bounds() -> None:
    with pytest.raises(ConfigError, match='rate: expected float, got inf'):
        check_value('rate', float('inf'), float, Setting(''))


def test_a_bool_is_no_int() -> None:
    with pytest.raises(ConfigError, match=r'count: expected int in \[1, inf\], got True'):
        check_value('count', True, int, Setting('', low=1))


def test_another_choice_is_refused() -> None:
    with pytest.raises(ConfigError, match="name: expected one of a, b, got 'c'"):
        check_value('name', 'c', str, Setting('', choices=('a', 'b')))


def test_a_nested_bad_value_is_named_in_full() -> None:
    check_config(OuterConfig())
    with pytest.raises(ConfigError, match=r'^inner\.count: expected int in \[1, inf\], got 0$'):
        check_config(OuterConfig(inner=InnerConfig(count=0)))


def test_settings_are_replaced_in_a_copy() -> None:
    before = OuterConfig()
    after = replace_settings(before, {'name': 'b', 'inner.rate': 0.25})
    assert after == OuterConfig('b', True, InnerConfig(0.25, 3))
    assert before == OuterConfig()


@pytest.mark.parametrize('name', ['rate', 'inner', 'inner.rates', ''])
def test_an_unknown_setting_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r'expected a known setting: inner\.count, inner\.rate'):
        replace_settings(OuterConfig(), {name: 1})


def test_a_bad_replacement_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'inner\.rate: expected float in \[0, 1\], got 2\.0'):
        replace_settings(OuterConfig(), {'inner.rate': 2.0})
