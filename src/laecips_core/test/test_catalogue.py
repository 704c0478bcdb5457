from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.catalogue import load_catalogue
from laecips_core.errors import DataSetError

ROAD, TREE = (128, 64, 128), (0, 128, 0)


def test_the_hash_is_of_names_and_order_alone() -> None:
    catalogue = ClassCatalogue(('road', 'tree'), (ROAD, TREE))
    assert catalogue.sha256 == hashlib.sha256(b'["road", "tree"]').hexdigest()
    assert catalogue.sha256 == ClassCatalogue(('road', 'tree'), (TREE, ROAD)).sha256
    assert catalogue.sha256 != ClassCatalogue(('tree', 'road'), (ROAD, TREE)).sha256


def test_the_palette_is_black_where_there_is_no_class() -> None:
    palette = ClassCatalogue(('road', 'tree'), (ROAD, TREE)).palette()
    assert palette.shape == (256, 3)
    assert palette.dtype == np.uint8
    assert palette[:3].tolist() == [list(ROAD), list(TREE), [0, 0, 0]]
    assert not palette[2:].any()


@pytest.mark.parametrize('count', [1, 255])
def test_up_to_255_classes_are_allowed(count: int) -> None:
    names = tuple(str(number) for number in range(count))
    assert len(ClassCatalogue(names, (ROAD,) * count)) == count


@pytest.mark.parametrize('count', [0, 256])
def test_too_few_or_too_many_classes_are_refused(count: int) -> None:
    names = tuple(str(number) for number in range(count))
    with pytest.raises(DataSetError, match='classes: expected 1 to 255 unique names'):
        ClassCatalogue(names, (ROAD,) * count)


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(DataSetError, match=r"unique names, got \('road', 'road'\)"):
        ClassCatalogue(('road', 'road'), (ROAD, TREE))


def test_a_missing_colour_is_refused() -> None:
    with pytest.raises(DataSetError, match='colours: expected 2 triples, got 1'):
        ClassCatalogue(('road', 'tree'), (ROAD,))


@pytest.mark.parametrize('colour', [(0, 0), (0, 0, 256), (-1, 0, 0)])
def test_a_colour_that_is_no_rgb_triple_is_refused(colour: tuple[int, int, int]) -> None:
    with pytest.raises(DataSetError, match=r'colours: expected RGB triples in 0\.\.255'):
        ClassCatalogue(('road',), (colour,))


def test_a_catalogue_is_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / 'classes.yaml'
    path.write_text(
        'classes:\n- {name: road, colour: [128, 64, 128]}\n- {name: tree, colour: [0, 128, 0]}\n'
    )
    assert load_catalogue(path) == ClassCatalogue(('road', 'tree'), (ROAD, TREE))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r'none\.yaml: expected a YAML file .*FileNotFound'):
        load_catalogue(tmp_path / 'none.yaml')


@pytest.mark.parametrize(
    'text',
    [
        '',
        'classes',
        '[]',
        'classes: 3',
        'classes: [road]',
        'classes: [{name: road}]',
        'classes: [{name: road, colour: red}]',
        'classes: [{name: road, colour: [0, 0, green]}]',
        'classes: [}',
        '\0',
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'classes.yaml'
    path.write_text(text)
    with pytest.raises(DataSetError, match=r'classes\.yaml: expected a YAML file with classes'):
        load_catalogue(path)
