from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from laecips_core.config import DataSetConfig
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import UnknownNameError
from laecips_core.experiments.runs import run_plan
from laecips_core.experiments.suite import Suite
from laecips_core.experiments.survey import loss_of
from laecips_core.experiments.survey import survey
from laecips_core.registry import build_dataset
from laecips_core.values import UNLABELLED

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def softmax_of(seed: int, size_px: tuple[int, int]) -> np.ndarray:
    scores = np.random.default_rng(seed).standard_normal((3, *size_px)).astype(np.float32)
    exponents = np.exp(scores)
    found: np.ndarray = exponents / exponents.sum(axis=0)
    return found


def test_a_loss_is_the_mean_cross_entropy_of_the_labelled_pixels() -> None:
    softmax, rng = softmax_of(0, (4, 6)), np.random.default_rng(1)
    labels = rng.integers(0, 3, (4, 6), np.uint8)
    labels[0] = UNLABELLED
    rows, columns = np.nonzero(labels != UNLABELLED)
    expected = -np.log(softmax[labels[rows, columns], rows, columns]).mean()
    assert loss_of(softmax, labels) == pytest.approx(float(expected), rel=1e-5)


def test_a_loss_at_a_lower_resolution_is_that_of_the_logits_scaled_up() -> None:
    softmax = np.repeat(np.array([0.7, 0.2, 0.1], np.float32)[:, None, None], 2, axis=1)
    labels = np.full((8, 8), 1, np.uint8)
    assert loss_of(softmax, labels) == pytest.approx(-np.log(0.2), rel=1e-5)


def test_a_frame_without_labels_has_no_loss() -> None:
    assert loss_of(softmax_of(0, (2, 2)), np.full((2, 2), UNLABELLED, np.uint8)) == 0.0


def test_a_class_given_no_chance_has_a_finite_loss() -> None:
    softmax = np.array([[[1.0]], [[0.0]], [[0.0]]], np.float32)
    loss = loss_of(softmax, np.ones((1, 1), np.uint8))
    assert loss == pytest.approx(-np.log(1e-12), rel=1e-4)


def test_a_survey_is_what_runs_would_find(suite: Suite) -> None:
    suite = replace(suite, cloud={**suite.cloud, 'masks.name': 'ground_truth'})
    plan, told = suite.plan('CLOUD', 0), []
    stream = build_dataset(plan.stream)
    found = survey(
        plan, stream, None, fusers=['plain', 'log_mix'], miners=['sm', 'learned'],
        tell=lambda *progress: told.append(progress),
    )  # fmt: skip
    assert told == [(number, 7) for number in range(1, 8)]
    assert [(one.index, one.task) for one in found] == list(enumerate([0, 0, 1, 2, 2, 3, 4]))
    for fuser, miner in (('plain', 'sm'), ('log_mix', 'learned')):
        own = replace(suite, edge={**suite.edge, 'miner.name': miner})
        run = run_plan(
            own.plan('CLOUD', 0, {'fusion.name': fuser}), stream, None, None, {}, lambda *_: None
        )
        assert [one.fused_miou[fuser] for one in found] == [one.system_miou for one in run.frames]
        assert [one.edge_miou for one in found] == [one.edge_miou for one in run.frames]
        run = run_plan(own.plan('DCSB', 0), stream, None, None, {}, lambda *_: None)
        assert [one.confidences[miner] for one in found] == [one.confidence for one in run.frames]
    assert all(one.loss > 0.0 for one in found)


def test_a_stream_of_other_classes_is_refused(suite: Suite) -> None:
    stream = build_dataset(DataSetConfig())
    with pytest.raises(CatalogueMismatchError, match='classes of patrol'):
        survey(
            suite.plan('CLOUD', 0), stream, None, fusers=['plain'], miners=[], tell=lambda *_: None
        )


@pytest.mark.parametrize(
    ('fuser', 'miner', 'what'), [('x', 'sm', 'fusion.name'), ('plain', 'x', 'miner.name')]
)
def test_unknown_names_are_refused(suite: Suite, fuser: str, miner: str, what: str) -> None:
    stream = build_dataset(suite.stream)
    with pytest.raises(UnknownNameError, match=f"{what}: expected one of .*, got 'x'"):
        survey(
            suite.plan('CLOUD', 0), stream, None, fusers=[fuser], miners=[miner],
            tell=lambda *_: None,
        )  # fmt: skip
