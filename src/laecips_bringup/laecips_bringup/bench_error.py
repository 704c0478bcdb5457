"""What goes wrong in a measurement."""

from __future__ import annotations

from laecips_core.errors import LaecipsError


class BenchError(LaecipsError):
    """A measurement did not come to its end."""

    code = 'bench_failed'

    def __init__(self, what: str, got: str) -> None:
        """
        Name the part and what came.

        :param what: the part.
        :param got: what it wrote.
        """
        super().__init__(f'{what}: expected times, got {got}')
