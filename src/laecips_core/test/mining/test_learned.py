from __future__ import annotations

import numpy as np
import pytest
import torch

from laecips_core.errors import WeightsError
from laecips_core.learning.miner_network import MinerNetwork
from laecips_core.mining.learned import LearnedMiner
from laecips_core.models.state import arrays_of
from laecips_core.values import Softmax


def network(classes: int) -> MinerNetwork:
    torch.manual_seed(0)
    return MinerNetwork(classes)


def some_softmax(classes: int, size_px: tuple[int, int] = (16, 24)) -> Softmax:
    logits = torch.randn(classes, *size_px, generator=torch.Generator().manual_seed(1))
    softmax: Softmax = logits.softmax(dim=0).numpy()
    return softmax


@pytest.mark.parametrize('classes', [2, 12])
@pytest.mark.parametrize('size_px', [(2, 3), (8, 8), (16, 24), (23, 31), (60, 80)])
@pytest.mark.parametrize('gain', [1.0, 4.0])
def test_the_confidence_is_the_sigmoid_of_the_score_of_torch(
    classes: int, size_px: tuple[int, int], gain: float
) -> None:
    scorer, softmax = network(classes), some_softmax(classes, size_px)
    with torch.no_grad():
        for parameter in scorer.parameters():
            parameter *= gain
        expected = float(torch.sigmoid(scorer(torch.from_numpy(softmax)[None])))
    confidence = LearnedMiner(classes, arrays_of(scorer)).confidence(softmax)
    assert confidence == pytest.approx(expected, abs=1e-5)
    assert isinstance(confidence, float)


@pytest.mark.parametrize(('bias', 'expected'), [(1e4, 1.0), (-1e4, 0.0)])
def test_an_extreme_score_is_a_confidence_too(bias: float, expected: float) -> None:
    arrays = arrays_of(network(3))
    arrays['score.bias'][:] = bias
    assert LearnedMiner(3, arrays).confidence(some_softmax(3)) == expected


def test_later_changes_of_the_arrays_do_not_count() -> None:
    arrays, softmax = arrays_of(network(3)), some_softmax(3)
    miner = LearnedMiner(3, arrays)
    expected = miner.confidence(softmax)
    for array in arrays.values():
        array[...] = 0.0
    assert miner.confidence(softmax) == expected


def test_a_batch_is_scored_frame_by_frame() -> None:
    scorer = network(3)
    maps = torch.from_numpy(np.stack([some_softmax(3), some_softmax(3)[::-1]]))
    with torch.no_grad():
        both = scorer(maps)
        alone = torch.cat([scorer(maps[:1]), scorer(maps[1:])])
    assert both.shape == (2,)
    torch.testing.assert_close(both, alone)


def test_a_certain_softmax_gives_a_finite_score() -> None:
    softmax = np.zeros((3, 8, 8), np.float32)
    softmax[0] = 1.0
    confidence = LearnedMiner(3, arrays_of(network(3))).confidence(softmax)
    assert 0.0 <= confidence <= 1.0


def test_it_has_about_8_thousand_parameters() -> None:
    count = sum(parameter.numel() for parameter in network(12).parameters())
    assert 6_000 < count < 10_000


def test_weights_of_other_classes_are_refused() -> None:
    with pytest.raises(WeightsError, match=r'features\.0\.weight \(16, 6, 3, 3\), got .*16, 5, 3'):
        LearnedMiner(3, arrays_of(network(2)))


def test_arrays_of_the_benefit_miner_are_not_read() -> None:
    arrays, softmax = arrays_of(network(3)), some_softmax(3)
    expected = LearnedMiner(3, arrays).confidence(softmax)
    arrays['benefit.bias'] = np.zeros(1, np.float32)
    assert LearnedMiner(3, arrays).confidence(softmax) == expected


def test_missing_weights_are_refused() -> None:
    arrays = arrays_of(network(3))
    del arrays['features.0.weight']
    with pytest.raises(WeightsError, match=r'tensors: expected also features\.0\.weight'):
        LearnedMiner(3, arrays)


def test_weights_without_a_miner_tell_how_to_fit_one() -> None:
    with pytest.raises(
        WeightsError, match=r'those of the learned miner, got none; fit it: laecips'
    ):
        LearnedMiner(3, {'benefit.bias': np.zeros(1, np.float32)})
