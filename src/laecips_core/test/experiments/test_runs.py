from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from laecips_core.config import DataSetConfig
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import DataSetError
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import RunResult
from laecips_core.experiments.runs import held_out_miou
from laecips_core.experiments.runs import run_plan
from laecips_core.experiments.suite import Suite
from laecips_core.metrics.iou import image_miou
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.ports import DataSet
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.registry import build_dataset

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def plan_of(suite: Suite, method: str, **cloud: object) -> RunPlan:
    values = {f'update.{name}': value for name, value in cloud.items()}
    edge = {**suite.edge, 'controller.upload_rate': 1.0}
    return replace(suite, edge=edge).plan(method, 2, values)


def run(plan: RunPlan, source: DataSet | None = None, tell: Any = lambda *_: None) -> RunResult:
    return run_plan(plan, build_dataset(plan.stream), source, None, {'date': 'today'}, tell)


def test_a_run_has_all_that_it_is_judged_by(suite: Suite) -> None:
    told: list[tuple[int, int]] = []
    found = run(plan_of(suite, 'CLOUD'), tell=lambda *progress: told.append(progress))
    assert (found.method, found.seed, found.facts) == ('CLOUD', 2, {'date': 'today'})
    assert found.classes == ['road', 'tree', 'sky']
    assert [one.index for one in found.frames] == list(range(7))
    assert told == [(number, 7) for number in range(1, 8)]
    assert (found.upload_rate(), found.rounds, found.source_miou) == (1.0, [], {})
    assert np.sum(found.system_matrices) == np.sum(found.edge_matrices) == 7 * 64 * 96
    assert RunResult.from_json(found.to_json()) == found


def test_the_source_is_scored_with_the_first_and_the_last_weights(suite: Suite) -> None:
    plan = plan_of(suite, 'LAECIPS', buffer_size=7, gate_agreement_tolerance=1.0)
    source = build_dataset(plan.cloud.source)
    found = run(plan, source)
    assert [(one.after_frame, one.state) for one in found.rounds] == [(6, 'RELEASED')]
    edge = build_edge(plan.edge)
    assert found.source_miou['start'] == held_out_miou(edge.parts.load(edge.start), source)
    assert found.source_miou['end'] != found.source_miou['start']


def test_only_frames_held_out_from_pretraining_are_scored(suite: Suite) -> None:
    edge, source = build_edge(plan_of(suite, 'EDGE').edge), build_dataset(suite.stream)
    labels = edge.pipeline.process(source[3].frame).segmentation.labels
    parts = edge.parts.load(edge.start)
    assert held_out_miou(parts, source) == image_miou(labels, source[3].labels, 3)
    assert held_out_miou(parts, None) == 0.0


def test_a_source_without_held_out_frames_is_refused(suite: Suite) -> None:
    source = build_dataset(replace(suite.stream, frames=3))
    with pytest.raises(DataSetError, match='folder: expected at least 4 annotated frames, got 3'):
        run(plan_of(suite, 'EDGE'), source)


def test_a_stream_of_other_classes_is_refused(suite: Suite) -> None:
    plan = replace(plan_of(suite, 'EDGE'), stream=DataSetConfig())
    with pytest.raises(CatalogueMismatchError, match='classes of patrol'):
        run(plan)


def test_a_source_of_other_classes_is_refused(suite: Suite) -> None:
    with pytest.raises(CatalogueMismatchError, match='classes of patrol'):
        run(plan_of(suite, 'EDGE'), build_dataset(DataSetConfig(split='source')))


def test_masks_are_scored_as_they_are_shown(suite: Suite) -> None:
    plan = plan_of(suite, 'EDGE')
    edge, stream = build_edge(plan.edge), build_dataset(plan.stream)
    parts, item = edge.parts.load(edge.start), stream[0]
    softmax = parts.model.predict([item.frame.image])[0]
    prediction = edge.pipeline.process(item.frame).prediction
    np.testing.assert_array_equal(prediction.softmax, softmax)
    labels = edge_segmentation(prediction).labels
    assert run(plan).frames[0].edge_miou == image_miou(labels, item.labels, 3)
