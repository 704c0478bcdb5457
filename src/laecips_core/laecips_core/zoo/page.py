"""The tables of docs/models.md: ``python -m laecips_core.zoo.page docs/models.md`` writes them."""

from __future__ import annotations

from collections.abc import Iterator

from laecips_core.generated_part import GeneratedPart
from laecips_core.zoo.entry import Entry
from laecips_core.zoo.entry import hub_repository
from laecips_core.zoo.table import TABLE

_HEAD = '| name | licence | parameters | input, px | tells apart | weights | sha256 |'


def _lines() -> Iterator[str]:
    for kind in dict.fromkeys(entry.kind for entry in TABLE):
        yield f'\n### {kind.capitalize()}s\n\n{_HEAD}\n{"|---" * _HEAD.count(" | ")}|---|\n'
        yield from (_row(entry) for entry in TABLE if entry.kind == kind)
    yield '\n'


def _row(entry: Entry) -> str:
    million = entry.parameters_million
    parameters = '' if not million else f'{million:g} M'
    where, sha256 = _weights(entry)
    name = f'`{entry.name}`' + (f' ({entry.note})' if entry.note else '')
    facts = (name, entry.licence, parameters, entry.input_px, entry.classes, where, sha256)
    return f'| {" | ".join(facts)} |\n'


def _weights(entry: Entry) -> tuple[str, str]:
    if entry.file is not None:
        size_mb = f'{entry.file.size_bytes / 1e6:.0f} MB'
        return f'[{size_mb}]({entry.file.address})', f'`{entry.file.sha256[:8]}…`'
    repository = hub_repository(entry.name)
    if repository:
        return f'[Hugging Face](https://huggingface.co/{repository})', 'by its library'
    return '', ''


TABLES = GeneratedPart('<!-- models: begin -->\n', '<!-- models: end -->\n', _lines)

if __name__ == '__main__':
    TABLES.rewrite()
