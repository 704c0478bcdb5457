"""What the parts of a node must be able to do, for its lifecycle to move them."""

from __future__ import annotations

from typing import Any
from typing import Protocol

from laecips_ros.diagnostics import State
from laecips_ros.entities import Entities


class Running(Protocol):
    """What works while the node is active."""

    def state(self) -> State:
        """Describe itself for diagnostics, at any time and on any thread; must not wait."""

    def configure(self, config: Any) -> None:
        """Take a checked config, in which only settings that change at run time are others."""

    def close(self) -> None:
        """Finish what is in hand and stop; it may still publish, and no callback begins."""


class Loaded(Protocol):
    """What a node holds from configure to cleanup."""

    def start(self, node: Entities) -> Running:
        """Begin to work; whatever is opened at the node is closed after ``Running.close``."""

    def configure(self, config: Any) -> None:
        """Take a checked config, in which only settings that change at run time are others."""

    def close(self) -> None:
        """Write down what must last, and let go of everything."""
