from __future__ import annotations

import json
from typing import Any

import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import WeightsError
from laecips_core.weights.facts import parse_facts
from laecips_core.weights.facts import PayloadFacts

FACTS = PayloadFacts(
    model='fast_scnn',
    parent='0123456789ab',
    catalogue=ClassCatalogue(('road', 'wäll'), ((1, 2, 3), (255, 0, 0))),
    encoding='safetensors-mixed16',
    notes={'command': 'laecips pretrain'},
    tensors_sha256='c0ffee' + '0' * 58,
)


def changed(**values: Any) -> str:
    return json.dumps(json.loads(FACTS.to_text()) | values)


def test_facts_come_back() -> None:
    assert parse_facts(FACTS.to_text()) == FACTS


def test_the_version_is_the_head_of_the_digest() -> None:
    assert FACTS.version == 'c0ffee000000'


def test_the_text_has_sorted_keys() -> None:
    keys = list(json.loads(FACTS.to_text()))
    assert keys == sorted(keys)
    assert keys[0] == 'catalogue'


@pytest.mark.parametrize('text', ['', '{', '[1]', '"a"', 'null', '[' * 100_000, '1' * 10_000])
def test_anything_but_an_object_is_refused(text: str) -> None:
    with pytest.raises(WeightsError, match='payload facts: expected a JSON object'):
        parse_facts(text)


@pytest.mark.parametrize('value', [2, None, '1'])
def test_another_format_is_refused(value: object) -> None:
    with pytest.raises(WeightsError, match=r'payload format: expected 1, got .*; use the release'):
        parse_facts(changed(format=value))


@pytest.mark.parametrize('field', ['model', 'parent', 'encoding', 'tensors_sha256'])
def test_fields_that_are_no_text_are_refused(field: str) -> None:
    with pytest.raises(WeightsError, match=f'payload {field}: expected a text, got 3'):
        parse_facts(changed(**{field: 3}))


def test_another_encoding_is_refused() -> None:
    match = "payload encoding: expected safetensors-mixed16, got 'pickle'"
    with pytest.raises(WeightsError, match=match):
        parse_facts(changed(encoding='pickle'))


@pytest.mark.parametrize('digest', ['', 'A' * 64, '0' * 63, '0' * 65, '../../' + '0' * 58])
def test_a_digest_of_another_form_is_refused(digest: str) -> None:
    with pytest.raises(WeightsError, match='tensors_sha256: expected 64 hex digits'):
        parse_facts(changed(tensors_sha256=digest))


@pytest.mark.parametrize('notes', [None, [], {'a': 1}, 'text'])
def test_notes_of_another_form_are_refused(notes: object) -> None:
    with pytest.raises(WeightsError, match='payload notes: expected texts by name'):
        parse_facts(changed(notes=notes))


@pytest.mark.parametrize(
    'catalogue',
    [
        None,
        [],
        {'names': ['a']},
        {'names': 'a', 'colours': [[0, 0, 0]]},
        {'names': [1], 'colours': [[0, 0, 0]]},
        {'names': ['a'], 'colours': [[0, 0]]},
        {'names': ['a'], 'colours': [[0, 0, 256]]},
        {'names': ['a'], 'colours': [[0, 0, 0.5]]},
        {'names': ['a'], 'colours': [[0, 0, True]]},
        {'names': ['a'], 'colours': [0]},
        {'names': ['a', 'a'], 'colours': [[0, 0, 0], [0, 0, 0]]},
        {'names': [], 'colours': []},
        {'names': ['a'], 'colours': []},
    ],
)
def test_a_catalogue_of_another_form_is_refused(catalogue: object) -> None:
    with pytest.raises(WeightsError, match='payload catalogue: expected names and RGB triples'):
        parse_facts(changed(catalogue=catalogue))


def test_an_error_does_not_repeat_a_huge_value() -> None:
    with pytest.raises(WeightsError) as caught:
        parse_facts(changed(encoding='x' * 100_000))
    assert len(str(caught.value)) < 200
