"""Finished runs on disk, so that an interrupted experiment goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
import re

from laecips_core.errors import DataSetError
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import RunResult
from laecips_core.weights.files import write_atomically


class RunArchive:
    """
    A folder with one JSON file for each finished run.

    :param folder: made when absent.
    """

    def __init__(self, folder: Path) -> None:
        """Use a folder."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, plan: RunPlan) -> RunResult | None:
        """
        Find the result of a run.

        :param plan: the run.
        :returns: None when it was not finished, or stored in another format.
        :raises DataSetError: when the file is damaged.
        """
        path = self._path(plan)
        if not path.is_file():
            return None
        try:
            return RunResult.from_json(json.loads(path.read_text(encoding='utf-8')))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataSetError(str(path), 'a finished run', error, 'delete it') from error

    def put(self, plan: RunPlan, result: RunResult) -> None:
        """
        Keep a result; the file is whole or not there.

        :param plan: the run.
        :param result: its result.
        """
        text = json.dumps(result.to_json(), allow_nan=False)
        write_atomically(self._path(plan), text.encode())

    def _path(self, plan: RunPlan) -> Path:
        method = re.sub(r'[^A-Za-z0-9]+', '-', plan.method).strip('-').lower()
        return self._folder / f'{method}-{plan.seed}-{plan.key}.json'
