"""Runs and surveys as jobs: each finds its result in the archive, or computes and keeps it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from functools import lru_cache
from pathlib import Path

import torch

from laecips_core.config import DataSetConfig
from laecips_core.experiments.archive import RunArchive
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import FrameSurvey
from laecips_core.experiments.results import RunResult
from laecips_core.experiments.runs import run_plan
from laecips_core.experiments.survey import survey
from laecips_core.ports import DataSet
from laecips_core.registry import build_dataset

_RUNS, _MEMO = 'runs', 'large_models'


@dataclass(frozen=True)
class Job:
    """
    What one process does at a time.

    :param plan: the run.
    :param folder: keeps finished runs and what the large models computed.
    :param fusers: fusion rules of a survey; empty: the job is a run.
    :param miners: miners of a survey.
    :param facts: texts to keep with the result.
    """

    plan: RunPlan
    folder: Path
    fusers: tuple[str, ...] = ()
    miners: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Say what it is, for people."""
        kind = 'survey' if self.fusers else self.plan.method
        return f'{kind}, seed {self.plan.seed}'

    def found(self) -> RunResult | list[FrameSurvey] | None:
        """
        Look for the result in the archive.

        :raises DataSetError: when the file is damaged.
        """
        archive = RunArchive(self.folder / _RUNS)
        if self.fusers:
            return archive.get_survey(self.plan, self._what)
        return archive.get(self.plan)

    def run(self, tell: Callable[[int, int], None]) -> RunResult | list[FrameSurvey]:
        """
        Compute and keep the result, on one thread, so that it does not depend on their number.

        :param tell: told the frames done, and the frames in all.
        """
        torch.set_num_threads(1)
        archive, plan = RunArchive(self.folder / _RUNS), self.plan
        memo = LargeModelMemo(self.folder / _MEMO, plan.mask_settings, plan.label_settings)
        stream = _opened(plan.stream)
        if self.fusers:
            found = survey(plan, stream, memo, fusers=self.fusers, miners=self.miners, tell=tell)
            archive.put_survey(plan, self._what, found)
            return found
        update = plan.cloud.update
        asked = update.source_frames + update.gate_frames > 0
        source = _opened(plan.cloud.source) if asked else None
        result = run_plan(plan, stream, source, memo, self.facts, tell)
        archive.put(plan, result)
        return result

    @property
    def _what(self) -> str:
        return ' '.join([*self.fusers, *self.miners])


@lru_cache(maxsize=8)
def _opened(config: DataSetConfig) -> DataSet:
    return build_dataset(config)
