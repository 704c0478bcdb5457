"""Finished runs on disk, so that an interrupted experiment goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path
import re
from typing import Any

from laecips_core.errors import DataSetError
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import FrameSurvey
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
        values = _read(self._path(plan, plan.method))
        return None if values is None else RunResult.from_json(values)

    def put(self, plan: RunPlan, result: RunResult) -> None:
        """
        Keep a result; the file is whole or not there.

        :param plan: the run.
        :param result: its result.
        """
        text = json.dumps(result.to_json(), allow_nan=False)
        write_atomically(self._path(plan, plan.method), text.encode())

    def get_survey(self, plan: RunPlan, what: str) -> list[FrameSurvey] | None:
        """
        Find a survey.

        :param plan: whose stream and frozen weights were looked at.
        :param what: fusion rules and miners in words.
        :returns: None when it was not finished.
        :raises DataSetError: when the file is damaged.
        """
        values = _read(self._path(plan, f'survey {what}'))
        return None if values is None else [FrameSurvey(**frame) for frame in values['frames']]

    def put_survey(self, plan: RunPlan, what: str, found: Sequence[FrameSurvey]) -> None:
        """
        Keep a survey; the file is whole or not there.

        :param plan: whose stream and frozen weights were looked at.
        :param what: fusion rules and miners in words.
        :param found: the survey.
        """
        text = json.dumps({'frames': [asdict(frame) for frame in found]}, allow_nan=False)
        write_atomically(self._path(plan, f'survey {what}'), text.encode())

    def _path(self, plan: RunPlan, name: str) -> Path:
        words = re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-').lower()
        return self._folder / f'{words}-{plan.seed}-{plan.key}.json'


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise DataSetError(str(path), 'a finished run', error, 'delete it') from error
    return values
