from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import sys

import pytest

from laecips_core.errors import PlugInError
from laecips_core.errors import UnknownNameError
from laecips_core.plug_ins import Kind

GROUP = 'laecips.test_parts'
FAMILIES = {'family': 'collections:OrderedDict'}
KIND = Kind('part.name', {'ours': 'collections:Counter'}, GROUP, FAMILIES)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a package with parts, as pip would lay it."""
    (tmp_path / 'acme_parts.py').write_text(
        "def build() -> str:\n    return 'acme'\n\n\nNUMBER = 3\n", encoding='utf-8'
    )
    facts = tmp_path / 'acme_parts-1.0.dist-info'
    facts.mkdir()
    (facts / 'METADATA').write_text('Metadata-Version: 2.1\nName: acme-parts\nVersion: 1.0\n')
    points = 'acme = acme_parts:build\nnumber = acme_parts:NUMBER\ngone = acme_gone:build\n'
    (facts / 'entry_points.txt').write_text(f'[{GROUP}]\n{points}ours = acme_parts:build\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop('acme_parts', None)


def test_our_part_is_found_in_the_table() -> None:
    from collections import Counter

    assert KIND.find('ours') is Counter


@pytest.mark.usefixtures('package')
def test_another_packages_part_is_found_by_its_entry_point() -> None:
    assert KIND.find('acme')() == 'acme'


@pytest.mark.usefixtures('package')
def test_our_name_stays_ours() -> None:
    from collections import Counter

    assert KIND.find('ours') is Counter


@pytest.mark.usefixtures('package')
def test_unknown_name_is_refused_and_all_known_are_listed() -> None:
    with pytest.raises(
        UnknownNameError, match=r"one of acme, family:NAME, gone, number, ours, got 'x'"
    ):
        KIND.find('x')


@pytest.mark.usefixtures('package')
def test_part_that_does_not_import_is_refused_by_name() -> None:
    with pytest.raises(PlugInError, match=r'entry point gone of .*acme_gone:build to import'):
        KIND.find('gone')


@pytest.mark.usefixtures('package')
def test_part_that_builds_nothing_is_refused() -> None:
    with pytest.raises(PlugInError, match='expected a class or function, got int'):
        KIND.find('number')


def test_two_packages_with_one_name_are_refused(package: Path) -> None:
    facts = package / 'other_parts-1.0.dist-info'
    facts.mkdir()
    (facts / 'METADATA').write_text('Metadata-Version: 2.1\nName: other-parts\nVersion: 1.0\n')
    (facts / 'entry_points.txt').write_text(f'[{GROUP}]\nacme = other_parts:build\n')
    with pytest.raises(PlugInError, match='one package that gives it'):
        KIND.find('acme')


@pytest.mark.usefixtures('package')
def test_a_kind_without_a_group_takes_no_entry_points() -> None:
    with pytest.raises(UnknownNameError):
        Kind('part.name', {}).find('acme')


def test_family_is_split_at_the_first_colon() -> None:
    from collections import OrderedDict

    assert KIND.split('family:a:b') == (OrderedDict, 'a:b')


def test_name_without_a_family_stays_whole() -> None:
    assert KIND.split('ours') == (None, 'ours')
    assert KIND.split('other:a') == (None, 'other:a')


def test_family_without_a_name_is_refused() -> None:
    with pytest.raises(UnknownNameError, match='family:NAME'):
        KIND.split('family:')


@pytest.mark.usefixtures('package')
@pytest.mark.parametrize('name', ['ours', 'acme', 'gone', 'family:a'])
def test_name_of_a_part_passes_the_check_and_nothing_is_imported(name: str) -> None:
    KIND.check(name)
    assert 'acme_parts' not in sys.modules


@pytest.mark.parametrize('name', ['x', 'family', 'family:', 'other:a'])
def test_name_that_nothing_has_fails_the_check(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r'one of family:NAME, ours, got'):
        KIND.check(name)
