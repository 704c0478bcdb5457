"""What the witnesses of a link's two sides have written down: one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Records:
    """The lines of one file, which may still grow."""

    def __init__(self, path: Path) -> None:
        """
        Read nothing yet.

        :param path: the file; it may not be there yet.
        """
        self.path = path
        self._read_bytes = 0
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def of(self, topic: str) -> list[dict[str, Any]]:
        """
        Give what has come on a topic so far, oldest first.

        :param topic: its short name; times are ``t``, in seconds of the machine's steady clock.
        """
        self._read()
        return self._rows.get(topic, [])

    def values(self, node: str) -> dict[str, str]:
        """
        Give the newest diagnostics of a node.

        :param node: its name; before its first message there are none.
        """
        rows = [row for row in self.of('diagnostics') if row['name'] == node]
        return rows[-1]['values'] if rows else {}

    def count(self, node: str, counter: str) -> int:
        """
        Give a counter of a node.

        :param node: its name.
        :param counter: one that was never counted is 0.
        """
        return int(self.values(node).get(counter, 0))

    def _read(self) -> None:
        if not self.path.exists():
            return
        with self.path.open('rb') as file:
            file.seek(self._read_bytes)
            data = file.read()
        whole = data[: data.rfind(b'\n') + 1]
        self._read_bytes += len(whole)
        for line in whole.splitlines():
            row = json.loads(line)
            self._rows.setdefault(row['topic'], []).append(row)
