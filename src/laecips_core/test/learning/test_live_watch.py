from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from laecips_core.config import UpdateConfig
from laecips_core.learning.live_watch import LiveWatch
from laecips_core.learning.live_watch import Withdrawal
from laecips_core.values import Frame
from laecips_core.values import LabelMap
from laecips_core.values import Prediction
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

SIZE_PX = (1, 8)
TRUTH = np.array([[0, 0, 0, 0, 1, 1, 1, 1]], np.uint8)
UNLABELLED_FRAME = np.full(SIZE_PX, 255, np.uint8)


def labels(wrong: int) -> LabelMap:
    """Call that many pixels of class 1 class 0."""
    given = TRUTH.copy()
    given[0, 4 : 4 + wrong] = 0
    return given


def miou(wrong: int) -> float:
    return (4 / (4 + wrong) + (4 - wrong) / 4) / 2


def prediction(wrong: int, version: str) -> Prediction:
    softmax = np.eye(2, dtype=np.float32)[labels(wrong)].transpose(2, 0, 1)
    return Prediction(np.ascontiguousarray(softmax), SIZE_PX, version)


def sample(truth: LabelMap = TRUTH) -> Sample:
    frame = Frame(np.zeros((*SIZE_PX, 3), np.uint8), 0, 'dog/1')
    return Sample(frame, Segmentation(truth, np.zeros(SIZE_PX, np.uint8), Source.FUSED, 'new'))


class Robots:
    """A watch, and stub versions that make the errors they are told to."""

    def __init__(self, frames: int, tolerance: float = 0.0) -> None:
        config = UpdateConfig(watch_frames=frames, watch_tolerance=tolerance)
        self.watch = LiveWatch(config, 2, self._predict)
        self.errors: Mapping[str, int] = {}
        self.asked: list[str] = []

    def _predict(self, version: str, frame: Frame) -> Prediction:
        self.asked.append(version)
        return prediction(self.errors[version], version)

    def upload(
        self, new: int, old: int, version: str = 'new', truth: LabelMap = TRUTH
    ) -> Withdrawal | None:
        self.errors = {'old': old}
        return self.watch.observe(sample(truth), prediction(new, version))


def released(frames: int, tolerance: float = 0.0) -> Robots:
    robots = Robots(frames, tolerance)
    robots.watch.released('new', 'old')
    return robots


def test_a_version_behind_its_predecessor_is_withdrawn_after_its_frames() -> None:
    robots = released(3)
    assert robots.upload(new=2, old=0) is None
    assert robots.upload(new=1, old=1) is None
    withdrawal = robots.upload(new=0, old=1)
    gain = ((miou(2) - 1.0) + 0.0 + (1.0 - miou(1))) / 3
    reason = f'agreement with new labels {gain:+.3f} against old on 3 frames'
    assert withdrawal == Withdrawal('new', 'old', reason)
    assert reason.startswith('agreement with new labels -0.064')


@pytest.mark.parametrize(('new', 'old'), [(0, 0), (1, 1), (0, 2)])
def test_a_version_as_good_or_better_stays(new: int, old: int) -> None:
    robots = released(2)
    assert [robots.upload(new, old) for _ in range(4)] == [None] * 4


def test_a_stream_that_gets_harder_is_not_held_against_the_version() -> None:
    robots = released(4)
    assert [robots.upload(wrong, wrong) for wrong in range(4)] == [None] * 4


@pytest.mark.parametrize(('above', 'withdrawn'), [(1e-9, False), (-1e-9, True)])
def test_the_tolerance_is_the_loss_that_is_still_allowed(above: float, withdrawn: bool) -> None:
    robots = released(1, tolerance=1.0 - miou(2) + above)
    assert (robots.upload(new=2, old=0) is not None) is withdrawn


def test_a_loss_of_exactly_the_tolerance_is_allowed() -> None:
    # With all of class 1 called class 0 the mIoU is (1/2 + 0) / 2, exact in binary.
    assert released(1, tolerance=0.75).upload(new=4, old=0) is None


def test_frames_of_other_versions_do_not_count() -> None:
    robots = released(2)
    for version in ('old', 'older', '') * 3:
        assert robots.upload(new=4, old=0, version=version) is None
    assert robots.asked == []
    assert robots.upload(new=4, old=0) is None
    assert robots.upload(new=4, old=0) is not None


def test_frames_without_a_label_do_not_count() -> None:
    robots = released(2)
    for _ in range(3):
        assert robots.upload(new=4, old=0, truth=UNLABELLED_FRAME) is None
    assert robots.upload(new=4, old=0) is None
    withdrawal = robots.upload(new=4, old=0)
    assert withdrawal is not None
    assert withdrawal.reason.endswith('-0.750 against old on 2 frames')


@pytest.mark.parametrize('new', [0, 4])
def test_a_version_is_judged_once(new: int) -> None:
    robots = released(1)
    assert (robots.upload(new, old=1) is not None) is (new == 4)
    assert robots.asked == ['old']
    assert robots.upload(new=4, old=0) is None
    assert robots.asked == ['old']


def test_nothing_is_watched_before_a_release() -> None:
    robots = Robots(1)
    assert robots.upload(new=4, old=0) is None
    assert robots.upload(new=4, old=0, version='') is None
    assert robots.asked == []


def test_no_frames_to_watch_turn_the_watch_off() -> None:
    robots = released(0)
    assert robots.upload(new=4, old=0) is None
    assert robots.asked == []


def test_a_new_release_starts_anew() -> None:
    robots = released(2)
    assert robots.upload(new=4, old=0) is None
    robots.watch.released('newer', 'new')
    assert robots.upload(new=4, old=0) is None
    robots.errors = {'new': 0}
    gains = [robots.watch.observe(sample(), prediction(4, 'newer')) for _ in range(2)]
    assert gains[0] is None
    assert gains[1] == Withdrawal(
        'newer', 'new', 'agreement with new labels -0.750 against new on 2 frames'
    )


def test_another_tolerance_judges_the_version_under_watch() -> None:
    robots = released(1, tolerance=1.0)
    robots.watch.configure(UpdateConfig(watch_frames=1, watch_tolerance=0.0))
    assert robots.upload(new=2, old=0) is not None


def test_without_frames_nothing_is_watched_any_more() -> None:
    robots = released(1)
    robots.watch.configure(UpdateConfig(watch_frames=0))
    assert robots.upload(new=2, old=0) is None
    assert robots.asked == []
