"""How warm the machine is, where Linux tells it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

THERMAL = Path('/sys/class/thermal')


class Temperatures:
    """
    The temperatures of the kernel's thermal zones.

    :param folder: Linux's list of them; where it is not there, there are no temperatures.
    """

    def __init__(self, folder: Path = THERMAL) -> None:
        """Find the zones; two of one type get their numbers too."""
        found = {zone: _read(zone / 'type') for zone in sorted(folder.glob('thermal_zone*'))}
        kinds = Counter(found.values())
        self._zones = {
            zone: kind if kinds[kind] == 1 else f'{kind}_{zone.name.removeprefix("thermal_zone")}'
            for zone, kind in found.items()
            if kind
        }

    def facts(self) -> dict[str, object]:
        """Give what can be read now as ``temperature_TYPE_c``, in degrees Celsius."""
        told = {name: _read(zone / 'temp') for zone, name in self._zones.items()}
        return {
            f'temperature_{name}_c': int(text) / 1000
            for name, text in told.items()
            if text.removeprefix('-').isdigit()
        }


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding='utf-8').strip()
    except OSError:  # a zone that is switched off cannot be read
        return ''
