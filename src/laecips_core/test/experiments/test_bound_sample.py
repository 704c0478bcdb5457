from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from laecips_core.config import DataSetConfig
from laecips_core.errors import CatalogueMismatchError
from laecips_core.experiments import bound_sample
from laecips_core.experiments.bound import bound
from laecips_core.experiments.bound import BoundConfig
from laecips_core.experiments.bound_sample import bound_of
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.experiments.suite import Suite
from laecips_core.learning.tensors import source_set
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.registry import build_dataset

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

CONFIG = BoundConfig(draws=1, random_starts=0, miner_steps=1, edge_steps=1)


def quiet(line: str) -> None:
    """Show no progress."""


def test_the_sample_is_the_stream_with_fused_labels(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bound_sample, 'SAMPLE_FRAMES', 3)
    cloud = {**suite.cloud, 'masks.name': 'ground_truth', 'update.beta': 0.3}
    plan = replace(suite, cloud=cloud).plan('CLOUD', 4)
    stream, lines = build_dataset(plan.stream), []
    memo = LargeModelMemo(tmp_path, plan.mask_settings, plan.label_settings)
    found = bound_of(plan, stream, memo, CONFIG, lines.append)
    assert (found.frames, found.beta, found.config) == (3, 0.3, CONFIG)
    assert [line.split(':')[0] for line in lines] == ['miners', 'edge models']
    assert len(list(tmp_path.iterdir())) == 3
    # Exact masks name each stripe by its edge classes, which are not all true.
    edge = build_edge(plan.edge)
    weights, own = edge.parts.unpack(edge.start), edge.parts.plan
    frames = [stream[index] for index in (0, 2, 4)]
    true = source_set(frames, own.input_size_px)
    other = bound(weights, own, true, 0.3, CONFIG, seed=4, progress=quiet)
    assert found.empirical_loss != other.empirical_loss
    again = bound_of(plan, stream, memo, CONFIG, quiet)
    assert again.empirical_loss == found.empirical_loss
    assert again.edge_complexity.value == found.edge_complexity.value


def test_a_short_stream_is_the_whole_sample(suite: Suite) -> None:
    plan = suite.plan('CLOUD', 0)
    stream = build_dataset(replace(plan.stream, frames=2))
    assert bound_of(plan, stream, None, CONFIG, quiet).frames == 2


def test_a_stream_of_other_classes_is_refused(suite: Suite) -> None:
    with pytest.raises(CatalogueMismatchError, match='classes of patrol'):
        bound_of(suite.plan('CLOUD', 0), build_dataset(DataSetConfig()), None, CONFIG, quiet)
