"""Has something that needs torch done by a process of its own, with a deadline."""

from __future__ import annotations

from importlib.util import find_spec
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

from laecips_core.errors import EngineError

DEADLINE_S = 900.0
_MAX_SHOWN = 2000


def missing(libraries: tuple[str, ...]) -> list[str]:
    """
    Say which libraries are not installed; none is imported.

    :param libraries: their names, as they are imported.
    """
    return [name for name in libraries if find_spec(name) is None]


def run_module(
    module: str, order: dict[str, Any], result: Path, what: str, deadline_s: float = DEADLINE_S
) -> str:
    """
    Run a module with a JSON object as its input.

    :param module: its full name; its one argument is the file to write.
    :param order: the object.
    :param result: the file.
    :param what: what is done, for errors.
    :param deadline_s: seconds until it is given up.
    :returns: what it wrote to standard output.
    :raises EngineError: with the end of its standard error, when it fails or the deadline passes.
    """
    try:
        done = subprocess.run(
            [sys.executable, '-m', module, str(result)],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(what, f'its end in {deadline_s:g} s', 'none') from error
    if done.returncode != 0:
        got = done.stderr.strip()[-_MAX_SHOWN:] or f'exit status {done.returncode}'
        raise EngineError(what, 'its end without an error', f'[{got}]')
    return done.stdout
