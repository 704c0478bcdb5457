from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch

from laecips_core.config import DataSetConfig
from laecips_core.config import LimitsConfig
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import WeightsError
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.lockstep import LockstepLoop
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.suite import Suite
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_core.learning.trainer import Trainer
from laecips_core.metrics.confusion import confusion_matrix
from laecips_core.metrics.iou import image_miou
from laecips_core.pipeline.build_cloud import build_cloud
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.cloud import HardFrame
from laecips_core.registry import build_dataset

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

Settings = Mapping[str, object]
Walked = tuple[LockstepLoop, list[FrameResult]]
NOTHING: Settings = MappingProxyType({})
ALL_HARD = {'controller.upload_rate': 1.0}


def plan_of(
    suite: Suite, method: str, edge: Settings = NOTHING, cloud: Settings = NOTHING
) -> RunPlan:
    own = replace(suite, edge={**suite.edge, **edge}, cloud={**suite.cloud, **cloud})
    return own.plan(method, 0)


def walked(plan: RunPlan, memo: LargeModelMemo | None = None) -> Walked:
    loop, stream = LockstepLoop(plan, memo), build_dataset(plan.stream)
    return loop, [loop.step(stream[index], index) for index in range(len(stream))]


def without_times(frames: list[FrameResult]) -> list[FrameResult]:
    return [replace(one, edge_s=0.0, cloud_s=0.0, latency_s=0.0) for one in frames]


def taught_by_the_start(suite: Suite) -> dict[str, object]:
    """Give settings with which every new version moves away from the labels."""
    return {
        'labels.source': 'teacher:fast_scnn',
        'labels.weights': suite.edge['model.weights'],
        'labels.input_height_px': 64,
        'labels.input_width_px': 96,
        'update.statistics_mix': 1.0,
    }


def test_the_edge_alone_uploads_nothing(suite: Suite) -> None:
    loop, frames = walked(plan_of(suite, 'EDGE'))
    assert [one.index for one in frames] == list(range(7))
    assert [one.task for one in frames] == [0, 0, 1, 2, 2, 3, 4]
    for one in frames:
        assert (one.uploaded, one.bytes_up, one.bytes_down, one.cloud_s) == (False, 0, 0, 0.0)
        assert one.latency_s == one.edge_s > 0.0
        assert one.system_miou == one.edge_miou
    assert loop.system.matrices() == loop.alone.matrices()
    assert loop.rounds == []


def test_the_cloud_gets_every_frame_and_its_answers_count(suite: Suite) -> None:
    # Untrained weights: their rare classes are noise, which a discount would raise.
    cloud = {'masks.name': 'ground_truth', 'fusion.class_discount': 0.0}
    loop, frames = walked(plan_of(suite, 'CLOUD', cloud=cloud))
    for one in frames:
        assert one.uploaded
        assert min(one.bytes_up, one.bytes_down) > 0
        waited_s = suite.link.transfer_s(one.bytes_up, one.bytes_down)
        assert one.latency_s == pytest.approx(one.edge_s + one.cloud_s + waited_s)
    system = np.sum(loop.system.matrices(), axis=0)
    assert np.trace(system) > np.trace(np.sum(loop.alone.matrices(), axis=0))
    assert loop.rounds == []


def test_a_loop_gives_the_masks_of_the_pipelines_that_the_nodes_run(suite: Suite) -> None:
    plan = plan_of(suite, 'CLOUD', cloud={'masks.name': 'ground_truth'})
    loop, frames = walked(plan)
    edge, cloud, stream = (
        build_edge(plan.edge),
        build_cloud(plan.cloud),
        build_dataset(plan.stream),
    )
    matrices = np.zeros((5, 3, 4), np.int64)
    for item, one in zip((stream[index] for index in range(7)), frames, strict=True):
        judged = edge.pipeline.process(item.frame)
        data = encode_image(item.frame.image, 'jpeg', plan.edge.uplink.image_quality)
        request = HardFrame(
            'a', 'dog', item.frame.stamp_ns, edge.pipeline.weights_version,
            cloud.catalogue.sha256, sha256_hex(data), data,
        )  # fmt: skip
        png = cloud.pipeline.segment(request).label_png
        answer = decode_map(png, item.frame.size_px, LimitsConfig())
        assert one.system_miou == image_miou(answer, item.labels, 3)
        assert one.edge_miou == image_miou(judged.segmentation.labels, item.labels, 3)
        assert (one.bytes_up, one.confidence) == (len(data), judged.verdict.confidence)
        matrices[one.task] += confusion_matrix(answer, item.labels, 3)
    assert loop.system.matrices() == matrices.tolist()


def test_a_full_buffer_trains_and_the_next_frame_runs_what_came_of_it(suite: Suite) -> None:
    loop, frames = walked(plan_of(suite, 'LAECIPS', ALL_HARD))
    assert [one.after_frame for one in loop.rounds] == [2, 5]
    first = frames[0].weights_version
    versions = [first, *(one.version for one in loop.rounds)]
    assert len(set(versions)) == 3
    assert [one.weights_version for one in frames] == [v for v in versions for _ in range(3)][:7]
    for one in loop.rounds:
        assert (one.state, one.samples) == ('RELEASED', 3)
        assert one.update_bytes > 0
        assert one.duration_s > 0.0
    assert loop.cloud.newest.manifest.version == versions[-1]


def test_the_controller_chooses_what_goes_up(suite: Suite) -> None:
    loop, frames = walked(plan_of(suite, 'DCSB', {'controller.upload_rate': 0.5}))
    uploads = [one.uploaded for one in frames]
    assert 2 <= sum(uploads) <= 5
    assert uploads == [one.confidence <= one.threshold for one in frames]
    assert loop.rounds == []


def test_the_age_of_a_sample_is_that_of_the_stream(suite: Suite) -> None:
    # The frames are 1/30 s apart; the buffer waits for more than it will ever hold.
    cloud = {'update.buffer_size': 100, 'update.max_interval_s': 1.0}
    assert walked(plan_of(suite, 'LAECIPS', ALL_HARD, cloud))[0].rounds == []
    stream = build_dataset(suite.stream)
    loop = LockstepLoop(plan_of(suite, 'LAECIPS', ALL_HARD, cloud), None)
    first, late = stream[0], stream[1]
    later = replace(late.frame, stamp_ns=first.frame.stamp_ns + 1_000_000_001)
    loop.step(first, 0)
    loop.step(replace(late, frame=later), 1)
    assert [(one.after_frame, one.samples) for one in loop.rounds] == [(1, 2)]


def test_a_plan_gives_the_same_twice(suite: Suite) -> None:
    plan = plan_of(suite, 'LAECIPS', cloud={'update.buffer_size': 2})
    (one, frames), (other, again) = walked(plan), walked(plan)
    assert without_times(frames) == without_times(again)
    rounds = [[replace(done, duration_s=0.0) for done in loop.rounds] for loop in (one, other)]
    assert rounds[0] == rounds[1] != []
    assert one.system.matrices() == other.system.matrices()


@pytest.mark.parametrize('masks', ['regions', 'ground_truth'])
def test_a_memory_changes_no_score(suite: Suite, tmp_path: Path, masks: str) -> None:
    cloud = {**taught_by_the_start(suite), 'masks.name': masks, 'masks.jitter_px': 1.0}
    plan = plan_of(suite, 'DCSB (labels answer)', ALL_HARD, cloud)
    runs = [walked(plan)[1]]
    for _ in range(2):
        memo = LargeModelMemo(tmp_path, plan.mask_settings, plan.label_settings)
        runs.append(walked(plan, memo)[1])
    assert without_times(runs[0]) == without_times(runs[1]) == without_times(runs[2])
    assert len(list(tmp_path.iterdir())) == 14


def test_a_latency_counts_what_the_memory_saved(suite: Suite) -> None:
    class Memory:
        masks = labels = staticmethod(lambda part: part)
        take_saved_s = staticmethod(lambda: 5.0)

    frames = walked(plan_of(suite, 'CLOUD'), Memory())[1]  # type: ignore[arg-type]
    assert all(5.0 < one.cloud_s < one.latency_s < 10.0 for one in frames)


def test_a_version_that_does_harm_is_rolled_back(suite: Suite) -> None:
    watch = {'update.watch_frames': 2, 'update.watch_tolerance': 0.0}
    plan = plan_of(suite, 'LAECIPS', ALL_HARD, {**taught_by_the_start(suite), **watch})
    loop, frames = walked(plan)
    released, withdrawn = loop.rounds[:2]
    first = frames[0].weights_version
    assert (released.state, released.after_frame) == ('RELEASED', 2)
    assert (withdrawn.state, withdrawn.after_frame) == ('ROLLED_BACK', 4)
    assert (withdrawn.version, withdrawn.samples) == (first, 0)
    assert 'on 2 frames' in withdrawn.reason
    assert withdrawn.update_bytes > 0
    versions = [one.weights_version for one in frames[:6]]
    assert versions == [first] * 3 + [released.version] * 2 + [first]


def test_a_version_that_does_no_harm_stays(suite: Suite) -> None:
    # By its own labels every version agrees with itself best.
    cloud = {'update.watch_frames': 2, 'update.watch_tolerance': 0.0}
    loop, _ = walked(plan_of(suite, 'LAECIPS', ALL_HARD, cloud))
    assert {one.state for one in loop.rounds} == {'RELEASED'}


def test_what_the_gate_refuses_changes_nothing(suite: Suite) -> None:
    cloud = {**taught_by_the_start(suite), 'update.buffer_size': 5}
    strict = {**cloud, 'update.gate_agreement_tolerance': 0.0}
    loop, frames = walked(plan_of(suite, 'LAECIPS', ALL_HARD, strict))
    assert [(one.state, one.update_bytes) for one in loop.rounds] == [('REJECTED', 0)]
    assert {one.version for one in loop.rounds} == {frames[0].weights_version}
    assert len({one.weights_version for one in frames}) == 1


def test_a_round_that_diverges_has_failed_and_the_stream_goes_on(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: object) -> None:
        raise WeightsError('tensors', 'finite numbers', 'nan')

    monkeypatch.setattr(Trainer, 'round', diverge)
    loop, frames = walked(plan_of(suite, 'LAECIPS', ALL_HARD))
    assert [(one.after_frame, one.state) for one in loop.rounds] == [(2, 'FAILED'), (5, 'FAILED')]
    assert loop.rounds[0].reason == 'tensors: expected finite numbers, got nan'
    assert (loop.rounds[0].samples, loop.rounds[0].update_bytes) == (3, 0)
    assert len({one.weights_version for one in frames}) == 1


def test_fused_labels_of_a_frame_leave_nothing_behind(suite: Suite) -> None:
    plan = plan_of(suite, 'CLOUD', cloud={'masks.name': 'ground_truth'})
    loop, item = LockstepLoop(plan, None), build_dataset(plan.stream)[2]
    sample = loop.fused(item)
    assert sample.frame.stamp_ns == item.frame.stamp_ns
    done = loop.step(item, 0)
    assert done.system_miou == image_miou(sample.segmentation.labels, item.labels, 3)
    assert loop.system.matrices() == [
        confusion_matrix(sample.segmentation.labels, item.labels, 3).tolist()
    ]


def test_a_data_set_of_other_classes_is_refused(suite: Suite) -> None:
    loop = LockstepLoop(plan_of(suite, 'EDGE'), None)
    loop.check_classes(build_dataset(suite.stream))
    with pytest.raises(CatalogueMismatchError, match=r"classes of patrol: expected \('road', 'tr"):
        loop.check_classes(build_dataset(DataSetConfig()))


def test_missing_weights_are_refused(suite: Suite) -> None:
    with pytest.raises(WeightsError, match='expected a weights file'):
        LockstepLoop(plan_of(suite, 'EDGE', {'model.weights': '/none.safetensors'}), None)


def test_the_patrol_runs_with_its_own_weights() -> None:
    stream = DataSetConfig(frames=3)
    patrol = Suite(stream, {}, {'masks.name': 'none', 'update.rule': 'none'}, LinkConfig())
    _, frames = walked(patrol.plan('CLOUD', 0))
    assert [one.task for one in frames] == [0, 1, 3]
    assert frames[0].edge_miou > 0.5
