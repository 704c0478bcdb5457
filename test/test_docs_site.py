"""The site builds without a warning, loads nothing from elsewhere, and its links hold."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
import os
from pathlib import Path
import re
import subprocess
import sys
from urllib.parse import unquote
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What a browser fetches by itself; a link is fetched only by who clicks it.
_LOADED = {'script': 'src', 'img': 'src', 'source': 'src', 'iframe': 'src', 'object': 'data'}
_LINK_KINDS = frozenset({'stylesheet', 'icon', 'preload', 'prefetch', 'preconnect', 'manifest'})
_CSS_ADDRESS = re.compile(r'(?:url\(|@import\s+)["\']?([^"\')\s]+)')


class Page(HTMLParser):
    """What one page loads, where its links go, and which anchors it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or '' for name, value in attrs}
        self.anchors |= {facts[name] for name in ('id', 'name') if name in facts}
        if tag == 'link' and _LINK_KINDS & set(facts.get('rel', '').split()):
            self.loads.append(facts['href'])
        if tag in _LOADED and _LOADED[tag] in facts:
            self.loads.append(facts[_LOADED[tag]])
        if tag == 'a' and 'href' in facts:
            self.links.append(facts['href'])


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('site')
    words = ['build', '--strict', '--config-file', str(ROOT / 'mkdocs.yml')]
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', *words, '--site-dir', str(folder)],
        env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope='module')
def pages(site: Path) -> dict[Path, Page]:
    # The page for what was not found has addresses of a site at the root of a server.
    paths = [path for path in site.rglob('*.html') if path.name != '404.html']
    return {path: Page(path) for path in paths}


def elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ('', 'data')


def broken(page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        anchors = {''} | (pages[target].anchors if target in pages else set())
        if not target.is_file() or unquote(parts.fragment) not in anchors:
            yield link


def test_every_page_of_the_folder_is_built(pages: dict[Path, Page], site: Path) -> None:
    names = {path.relative_to(site).with_suffix('').as_posix() for path in pages}
    sources = {
        path.relative_to(ROOT / 'docs').with_suffix('').as_posix()
        for path in (ROOT / 'docs').rglob('*.md')
    }
    assert names == {name.replace('README', 'index') for name in sources}


def test_no_page_loads_anything_from_another_host(pages: dict[Path, Page]) -> None:
    assert all(page.loads for page in pages.values())
    found = {load for page in pages.values() for load in page.loads if elsewhere(load)}
    assert not found


def test_what_pages_load_is_there(pages: dict[Path, Page]) -> None:
    for page in pages.values():
        for load in page.loads:
            if not load.startswith('data:'):
                path = page.path.parent / unquote(urlsplit(load).path)
                assert path.is_file(), f'{page.path.name}: {load}'


def test_no_style_sheet_loads_anything_from_another_host(site: Path) -> None:
    sheets = list(site.rglob('*.css'))
    assert sheets
    for sheet in sheets:
        addresses = _CSS_ADDRESS.findall(sheet.read_text(encoding='utf-8'))
        assert not [address for address in addresses if elsewhere(address)], sheet.name


def test_links_and_anchors_inside_the_site_hold(pages: dict[Path, Page]) -> None:
    found = {path.name: list(broken(page, pages)) for path, page in pages.items()}
    assert not {name: links for name, links in found.items() if links}


def test_a_broken_link_and_a_foreign_script_are_found(tmp_path: Path) -> None:
    path = tmp_path / 'page.html'
    path.write_text('<a href="gone.html">x</a><a href="#no">y</a><script src="//a.b/c.js">')
    page = Page(path)
    assert list(broken(page, {path: page})) == ['gone.html', '#no']
    assert [load for load in page.loads if elsewhere(load)] == ['//a.b/c.js']


def test_readme_links_to_files_that_are_there() -> None:
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    links = [link for link in re.findall(r'\]\(([^)#\s]+)[^)]*\)', text) if '://' not in link]
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
