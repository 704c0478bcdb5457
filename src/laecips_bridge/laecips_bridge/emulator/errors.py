"""Errors of the link emulator."""

from __future__ import annotations

from laecips_core.errors import LaecipsError


class EmulatorError(LaecipsError):
    """The emulated link could not be set up, or does not answer."""

    code = 'link_emulator'

    def __init__(self, what: str, expected: str, got: object, do: str) -> None:
        """
        Say what went wrong with which part.

        :param what: the part, such as a command.
        :param expected: what it should have done.
        :param got: what it did.
        :param do: what to do about it.
        """
        super().__init__(f'{what}: expected {expected}, got {got}; {do}')
