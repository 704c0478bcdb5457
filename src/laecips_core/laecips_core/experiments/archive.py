"""Finished runs on disk, so that an interrupted experiment goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path
import re
from typing import Any
from typing import TypeVar

from laecips_core.errors import DataSetError
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import FrameSurvey
from laecips_core.experiments.results import RunResult
from laecips_core.weights.files import write_atomically

_Found = TypeVar('_Found')


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
        return _read(self._path(plan, plan.method), RunResult.from_json)

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
        return _read(self._path(plan, f'survey {what}'), _survey)

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


def _survey(values: Mapping[str, Any]) -> list[FrameSurvey]:
    return [FrameSurvey(**frame) for frame in values['frames']]


def _read(path: Path, made: Callable[[Mapping[str, Any]], _Found | None]) -> _Found | None:
    if not path.is_file():
        return None
    try:
        return made(json.loads(path.read_text(encoding='utf-8')))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataSetError(str(path), 'a finished run', error, 'delete it') from error
