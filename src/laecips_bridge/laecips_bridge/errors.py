"""What can go wrong between the two sides of the bridge."""

from __future__ import annotations

from laecips_core.errors import LaecipsError


class PayloadError(LaecipsError):
    """Bytes from the other side are no message of the kind expected, or a message is none."""

    code = 'bad_payload'

    def __init__(self, what: str, expected: str, got: object) -> None:
        """
        Name what does not fit.

        :param what: the message or field at fault.
        :param expected: what it should have been.
        :param got: what came, shortened where it may be long.
        """
        super().__init__(f'{what}: expected {expected}, got {got}')


class PayloadTooLargeError(PayloadError):
    """Bytes exceed their size limit; they were not looked at."""

    code = 'payload_too_large'


class OutboxError(LaecipsError):
    """The outbox's file cannot be used; what it holds stays as it is."""

    code = 'bad_outbox'

    def __init__(self, path: object, expected: str, got: object, do: str) -> None:
        """
        Name the file and the remedy.

        :param path: the file.
        :param expected: what it should have been, or what should have worked.
        :param got: what was found.
        :param do: what the user does about it.
        """
        super().__init__(f'outbox {path}: expected {expected}, got {got}; {do}')


class RobotRefusedError(PayloadError):
    """Somebody asks as a robot that it is not, or that is not let in."""

    code = 'wrong_robot'


class ListenError(LaecipsError):
    """The server's address cannot be listened on, or its certificate cannot be used."""

    code = 'cannot_listen'

    def __init__(self, address: str, got: str) -> None:
        """
        Name the address and what Zenoh said.

        :param address: host and port.
        :param got: Zenoh's words.
        """
        super().__init__(
            f'link.listen {address}: expected a free address and readable certificates, got {got}'
        )
