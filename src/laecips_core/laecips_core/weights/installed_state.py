"""What a robot writes down of the weights on its disk, as one JSON text."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from dataclasses import dataclass
from dataclasses import field
import json
import re
from typing import Any

from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.weights.acceptance import SeenReleases
from laecips_core.weights.facts import parse_object

FORMAT = 1
"""Version of the layout that :meth:`InstalledState.to_text` writes."""

_SHA256 = re.compile(r'[0-9a-f]{64}')


@dataclass(frozen=True)
class InstalledState:
    """
    Which weights are on the disk, and what became of them.

    :param newest: the weights to start with; None: none.
    :param last_good: those that ran before; None: none.
    :param on_probation: whether the newest have yet to pass.
    :param open_starts: how often they began to run on probation without passing or being stopped
        in order; one of them may be running.
    :param seen: what announcements are compared with.
    """

    newest: WeightManifest | None = None
    last_good: WeightManifest | None = None
    on_probation: bool = False
    open_starts: int = 0
    seen: SeenReleases = field(default_factory=SeenReleases)

    def to_text(self) -> str:
        """Write as JSON with sorted keys."""
        entry = {
            'format': FORMAT,
            'newest': _manifest_entry(self.newest),
            'last_good': _manifest_entry(self.last_good),
            'on_probation': self.on_probation,
            'open_starts': self.open_starts,
            'seen': dataclasses.asdict(self.seen),
        }
        return json.dumps(entry, sort_keys=True, indent=2) + '\n'


def parse_state(text: str) -> InstalledState:
    """
    Read the state back.

    :param text: what :meth:`InstalledState.to_text` wrote; may be damaged.
    :raises WeightsError: when a field is absent, of another type, or of an unknown format.
    """
    entry = parse_object('installed state', text)
    if entry.get('format') != FORMAT:
        raise WeightsError('installed state format', FORMAT, repr(entry.get('format')))
    on_probation, open_starts = entry.get('on_probation'), entry.get('open_starts')
    if type(on_probation) is not bool or type(open_starts) is not int:
        got = f'{on_probation!r}, {open_starts!r}'
        raise WeightsError('installed state probation', 'a bool and a count', got)
    return InstalledState(
        newest=_parse_manifest('newest', entry.get('newest')),
        last_good=_parse_manifest('last_good', entry.get('last_good')),
        on_probation=on_probation,
        open_starts=open_starts,
        seen=SeenReleases(**_fields_of(SeenReleases(), 'seen', entry.get('seen'))),
    )


def _manifest_entry(manifest: WeightManifest | None) -> dict[str, Any] | None:
    if manifest is None:
        return None
    return {**dataclasses.asdict(manifest), 'signature': manifest.signature.hex()}


def _parse_manifest(name: str, entry: Any) -> WeightManifest | None:
    if entry is None:
        return None
    fields = _fields_of(WeightManifest('', '', '', '', '', '', 0), name, entry)
    try:
        fields['signature'] = bytes.fromhex(fields['signature'])
    except ValueError as error:
        raise WeightsError(f'{name} signature', 'hex digits', fields['signature']) from error
    if not _SHA256.fullmatch(fields['sha256']):
        raise WeightsError(f'{name} sha256', '64 hex digits', repr(fields['sha256']))
    if not all(isinstance(note, str) for note in fields['notes'].values()):
        raise WeightsError(f'{name} notes', 'texts by name', fields['notes'])
    return WeightManifest(**fields)


def _fields_of(example: Any, name: str, entry: Any) -> dict[str, Any]:
    """Give the entry's values, one for each field of the example, of its type in JSON."""
    entry = entry if isinstance(entry, Mapping) else {}
    expected = {
        of.name: str if of.name == 'signature' else type(getattr(example, of.name))
        for of in dataclasses.fields(example)
    }
    got = {key: type(value) for key, value in entry.items()}
    if got != expected:
        raise WeightsError(f'{name} in installed state', sorted(expected), sorted(got))
    return dict(entry)
