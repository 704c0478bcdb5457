"""What the end of a process means for the launch that it was started by."""

from __future__ import annotations

from laecips_core.errors import LaecipsError
from laecips_ros.program import EXIT_BAD_START


class NodeRefusedError(LaecipsError):
    """A node did not start with the settings it was given."""

    code = 'node_refused'

    def __init__(self, name: str) -> None:
        """
        Name the node.

        :param name: of the node.
        """
        super().__init__(
            f'node {name}: expected settings it can start with, got exit status '
            f'{EXIT_BAD_START}; its last line names the setting to change'
        )


class NodeGaveUpError(LaecipsError):
    """A node ended more often than it may be started again."""

    code = 'node_gave_up'

    def __init__(self, name: str, status: int, limit: int) -> None:
        """
        Name the node and how it ended.

        :param name: of the node.
        :param status: exit status; negative: the signal that ended it.
        :param limit: how often it could be started again.
        """
        super().__init__(
            f'node {name}: expected it to run, got exit status {status} after {limit} new starts; '
            'its log above tells why'
        )


class ReplayFailedError(LaecipsError):
    """The replay did not come to its end."""

    code = 'replay_failed'

    def __init__(self, status: int) -> None:
        """
        Tell how it ended.

        :param status: exit status; negative: the signal that ended it.
        """
        super().__init__(f'laecips replay: expected exit status 0, got {status}; see above')


class NodeExits:
    """Counts how often one node has ended."""

    def __init__(self, name: str, limit: int) -> None:
        """
        Begin with none.

        :param name: of the node.
        :param limit: how often it is started again.
        """
        self._name, self._limit, self._count = name, limit, 0

    def add(self, status: int) -> None:
        """
        Take note that it has ended.

        :param status: exit status; negative: the signal that ended it.
        :raises NodeRefusedError: when it could not start, so that another start would fail too.
        :raises NodeGaveUpError: when it is not started again.
        """
        self._count += 1
        if status == EXIT_BAD_START:
            raise NodeRefusedError(self._name)
        if self._count > self._limit:
            raise NodeGaveUpError(self._name, status, self._limit)


def check_replay(status: int) -> None:
    """
    Make sure that a replay came to its end.

    :param status: its exit status.
    :raises ReplayFailedError: when it is not 0.
    """
    if status != 0:
        raise ReplayFailedError(status)
