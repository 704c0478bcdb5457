from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from laecips_core.errors import WeightsError
from laecips_core.models.class_map import MAX_MAP_BYTES
from laecips_core.models.class_map import own_catalogue
from laecips_core.models.class_map import read_class_map

NAMES = ('road', 'parking', 'wall', 'person', 'wall')
GOOD = """
classes:
- {name: ground, colour: [128, 64, 128], from: [road, parking]}
- {name: people, colour: [255, 0, 0], from: [3]}
"""


def written(folder: Path, text: str) -> str:
    path = folder / 'map.yaml'
    path.write_text(text, encoding='utf-8')
    return str(path)


def one(**changed: object) -> str:
    entry = {'name': 'ground', 'colour': [1, 2, 3], 'from': ['road']} | changed
    return f'classes: [{entry}]'.replace("'from'", 'from')


def test_names_and_numbers_of_the_model_become_classes_of_the_user(tmp_path: Path) -> None:
    found = read_class_map(written(tmp_path, GOOD))
    assert found.catalogue.names == ('ground', 'people')
    assert found.catalogue.colours == ((128, 64, 128), (255, 0, 0))
    assert found.shares(NAMES).tolist() == [[1, 1, 0, 0, 0], [0, 0, 0, 1, 0]]


def test_a_name_that_the_model_has_twice_means_both(tmp_path: Path) -> None:
    found = read_class_map(written(tmp_path, one(**{'from': ['wall']})))
    assert found.shares(NAMES).tolist() == [[0, 0, 1, 0, 1]]
    assert found.shares(NAMES).dtype == np.float32


@pytest.mark.parametrize('source', ['street', 'Road', 5, -1])
def test_a_class_that_the_model_lacks_is_refused_with_those_it_has(
    source: object, tmp_path: Path
) -> None:
    found = read_class_map(written(tmp_path, one(**{'from': [source]})))
    match = rf'classes of the model: road, parking, .*, got {source!r}; spell it'
    with pytest.raises(WeightsError, match=match):
        found.shares(NAMES)


def test_a_class_of_the_model_in_two_places_is_refused(tmp_path: Path) -> None:
    text = GOOD + '- {name: cars, colour: [0, 0, 0], from: [parking]}\n'
    match = "expected 'parking' in one place only, got it in ground and cars"
    with pytest.raises(WeightsError, match=match):
        read_class_map(written(tmp_path, text)).shares(NAMES)


def test_a_class_of_the_model_twice_in_one_place_is_refused(tmp_path: Path) -> None:
    found = read_class_map(written(tmp_path, one(**{'from': ['road', 0]})))
    with pytest.raises(WeightsError, match="'road' in one place only, got it in ground and groun"):
        found.shares(NAMES)


@pytest.mark.parametrize(
    ('text', 'match'),
    [
        ('', r'expected classes: \[\{name: .*\}, …\], got NoneType'),
        ('- a', 'got list'),
        ('classes: []', 'expected classes'),
        ('classes: {a: 1}', 'expected classes'),
        ('classes: [road]', "expected name, colour and from in every class, got 'road'"),
        ('classes: [{name: a, from: [road]}]', 'expected name, colour and from'),
        (one(extra=1), 'expected name, colour and from in every class'),
        (one(name=True), 'name: expected a text; put it in quotes, got True'),
        (one(colour='red'), r"colour of ground: expected \[r, g, b\], got 'red'"),
        (one(colour=[1, 2]), 'expected a class catalogue, got .*triples'),
        (one(colour=[1, 2, 256]), 'expected a class catalogue'),
        (one(colour=[1, 2, 0.5]), 'colour of ground'),
        (one(**{'from': []}), r'from of ground: expected a list of one class or more, got \[\]'),
        (one(**{'from': 'road'}), "from of ground: expected a list .*, got 'road'"),
        (one(**{'from': [1.5]}), 'from of ground: expected names or numbers, got 1.5'),
        (one(**{'from': [True]}), 'from of ground: expected names or numbers, got True'),
        (one() + '\n- x', 'expected YAML'),
        ('classes: !!python/object/apply:os.getcwd []', 'expected YAML'),
        (GOOD + GOOD.splitlines()[2], 'expected a class catalogue, got .*unique names'),
    ],
)
def test_another_form_is_refused(text: str, match: str, tmp_path: Path) -> None:
    name = written(tmp_path, text)
    with pytest.raises(WeightsError, match=rf'map\.yaml.*{match}'):
        read_class_map(name)


def test_a_missing_file_is_refused_with_the_form_to_write(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r'expected a readable class map, .*; write classes: '):
        read_class_map(str(tmp_path / 'none.yaml'))


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='at most 1000000 bytes'):
        read_class_map(written(tmp_path, GOOD + '#' * MAX_MAP_BYTES))


def test_the_home_folder_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, GOOD)
    monkeypatch.setenv('HOME', str(tmp_path))
    assert len(read_class_map('~/map.yaml').catalogue) == 2


def test_own_classes_have_colours_that_differ() -> None:
    names = tuple(f'class {number}' for number in range(150))
    catalogue = own_catalogue(names)
    assert catalogue.names == names
    assert len(set(catalogue.colours)) == 150
    assert own_catalogue(names[:3]).colours == catalogue.colours[:3]


def test_own_classes_of_one_name_are_refused_with_the_remedy() -> None:
    with pytest.raises(WeightsError, match=r'unique names.*; name a class map in model'):
        own_catalogue(NAMES)
