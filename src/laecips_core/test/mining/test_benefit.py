from __future__ import annotations

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import ShapeError
from laecips_core.errors import WeightsError
from laecips_core.mining.benefit import benefit_arrays
from laecips_core.mining.benefit import BenefitMiner
from laecips_core.mining.benefit import only_benefit
from laecips_core.mining.benefit import RIDGES
from laecips_core.mining.benefit import without_benefit
from laecips_core.mining.features import feature_names
from laecips_core.mining.features import softmax_features
from laecips_core.values import ModelWeights
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode

CLASSES = 3
D = len(feature_names(CLASSES))


def softmaxes(count: int, seed: int = 0) -> Softmax:
    rng = np.random.default_rng(seed)
    sharpness = rng.uniform(0.2, 4.0, (count, 1, 1, 1))
    logits = rng.standard_normal((count, CLASSES, 8, 10)) * sharpness
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: Softmax = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return softmax


def features_of(maps: Softmax) -> np.ndarray:
    return np.stack([softmax_features(softmax) for softmax in maps])


def predicted(arrays: WeightArrays, features: np.ndarray) -> np.ndarray:
    standard = (features - arrays['benefit.mean']) / arrays['benefit.scale']
    total: np.ndarray = standard @ arrays['benefit.weight'] + arrays['benefit.bias']
    return total


def noise(count: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, columns))


def test_a_planted_linear_relation_is_recovered() -> None:
    features = noise(400, 6) * [1, 10, 0.01, 3, 1, 1] + [0, 5, -1, 2, 0, 0]
    slope = np.array([0.5, -0.02, 7.0, 0.0, 0.0, 0.3])
    arrays = benefit_arrays(features, features @ slope + 0.25)
    found = arrays['benefit.weight'] / arrays['benefit.scale']
    np.testing.assert_allclose(found, slope, rtol=5e-3, atol=1e-3)
    others = noise(50, 6, seed=1)
    np.testing.assert_allclose(predicted(arrays, others), others @ slope + 0.25, atol=0.05)


def test_the_error_of_frames_left_out_chooses_the_penalty() -> None:
    features = noise(12, 5)
    benefits = features[:, 0] + noise(12, 1, seed=1)[:, 0]
    standard = (features - features.mean(axis=0)) / features.std(axis=0)

    def solve(rows: np.ndarray, ridge: float) -> np.ndarray:
        x = np.column_stack([standard[rows], np.ones(len(rows))])
        penalty = np.diag([12 * ridge] * 5 + [0.0])
        solution: np.ndarray = np.linalg.solve(x.T @ x + penalty, x.T @ benefits[rows])
        return solution

    def left_out_error(ridge: float) -> float:
        total = 0.0
        for row in range(12):
            weight = solve(np.delete(np.arange(12), row), ridge)
            total += float(benefits[row] - standard[row] @ weight[:-1] - weight[-1]) ** 2
        return total

    best = min(RIDGES, key=left_out_error)
    assert RIDGES[0] < best < RIDGES[-1]
    expected = solve(np.arange(12), best)
    found = benefit_arrays(features, benefits)
    np.testing.assert_allclose(found['benefit.weight'], expected[:-1], rtol=1e-5)
    np.testing.assert_allclose(found['benefit.bias'], expected[-1:], rtol=1e-5)


@pytest.mark.parametrize('seed', range(3))
def test_it_finds_more_of_a_nonlinear_benefit_than_chance(seed: int) -> None:
    maps = softmaxes(300, seed)
    unsure = 1.0 - maps.max(axis=1).mean(axis=(1, 2))
    share = (maps.argmax(axis=1) == 0).mean(axis=(1, 2))
    benefits = unsure**3 * (0.5 + share) + 0.02 * noise(300, 1, seed)[:, 0]
    arrays = benefit_arrays(features_of(maps[:200]), benefits[:200])
    miner, rest = BenefitMiner(CLASSES, arrays), benefits[200:]
    order = np.argsort([miner.confidence(softmax) for softmax in maps[200:]])
    chances = [rest[np.random.default_rng(k).permutation(100)[:38]].mean() for k in range(200)]
    assert rest[order[:38]].mean() > max(chances)


def test_the_confidence_falls_with_the_predicted_benefit() -> None:
    maps = softmaxes(60)
    arrays = benefit_arrays(features_of(maps), maps.max(axis=1).mean(axis=(1, 2)))
    miner = BenefitMiner(CLASSES, arrays)
    benefits = np.array([miner.benefit(softmax) for softmax in maps])
    confidences = np.array([miner.confidence(softmax) for softmax in maps])
    assert (np.diff(confidences[np.argsort(benefits)]) < 0).all()
    assert 0.0 < confidences.min() < confidences.max() < 1.0
    np.testing.assert_array_equal(confidences < 0.5, benefits > arrays['benefit.bias'])
    z = (benefits - arrays['benefit.bias']) / arrays['benefit.spread']
    np.testing.assert_allclose(confidences, (1 - z / (1 + np.abs(z))) / 2, rtol=1e-6)


def test_frames_far_from_the_fit_are_still_told_apart() -> None:
    arrays = benefit_arrays(features_of(softmaxes(40)), noise(40, 1)[:, 0] * 1e-3)
    arrays['benefit.weight'] *= 1e6
    miner = BenefitMiner(CLASSES, arrays)
    confidences = {miner.confidence(softmax) for softmax in softmaxes(40, seed=1)}
    assert len(confidences) == 40
    assert 0.0 < min(confidences) < max(confidences) < 1.0


def test_a_class_that_was_rare_in_the_fit_does_not_outweigh_all() -> None:
    features = features_of(softmaxes(40))
    arrays = benefit_arrays(features, features[:, 0])
    arrays['benefit.scale'][-1], arrays['benefit.weight'][:] = 1e-6, 0.0
    arrays['benefit.weight'][-1] = 0.5
    assert abs(BenefitMiner(CLASSES, arrays).benefit(softmaxes(1)[0])) <= 0.5 * 4.0 + 1.0


def test_unit_and_order_of_what_is_fitted_do_not_matter() -> None:
    features, maps = features_of(softmaxes(80)), softmaxes(20, seed=1)
    benefits = features[:, 0] ** 2 + 0.1 * noise(80, 1)[:, 0]
    first = BenefitMiner(CLASSES, benefit_arrays(features, benefits))
    order = np.random.default_rng(0).permutation(80)
    shuffled = BenefitMiner(CLASSES, benefit_arrays(features[order], benefits[order]))
    scaled = BenefitMiner(CLASSES, benefit_arrays(features, 100 * benefits - 3))
    expected = [first.confidence(softmax) for softmax in maps]
    for other in (shuffled, scaled):
        found = [other.confidence(softmax) for softmax in maps]
        np.testing.assert_allclose(found, expected, atol=1e-4)
    stretch = np.linspace(0.1, 9, D)
    wide = benefit_arrays(features * stretch + 1, benefits)['benefit.weight']
    expected_weight = benefit_arrays(features, benefits)['benefit.weight']
    np.testing.assert_allclose(wide, expected_weight, atol=1e-4)


def test_equal_frames_give_equal_bits() -> None:
    features, benefits = noise(30, D), noise(30, 1)[:, 0]
    first, again = benefit_arrays(features, benefits), benefit_arrays(features, benefits)
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)


@pytest.mark.parametrize('frames', [4, 5, 10])
def test_fewer_frames_than_features_are_enough(frames: int) -> None:
    features = noise(frames, D)
    arrays = benefit_arrays(features, features[:, 0])
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert np.abs(predicted(arrays, features)).max() < 10


def test_a_constant_feature_gets_no_weight() -> None:
    features = noise(30, D)
    # Rounding alone makes these differ.
    features[:, 3] = np.float32(1 / 3) + 1e-8 * noise(30, 1)[:, 0]
    arrays = benefit_arrays(features, features[:, 0])
    assert arrays['benefit.weight'][3] == 0.0
    assert arrays['benefit.scale'][3] == 1.0


def test_a_constant_benefit_says_nothing() -> None:
    maps = softmaxes(20)
    miner = BenefitMiner(CLASSES, benefit_arrays(features_of(maps), np.full(20, 0.25)))
    assert {miner.confidence(softmax) for softmax in maps} == {0.5}
    assert miner.benefit(maps[0]) == 0.25


def test_equal_frames_say_nothing() -> None:
    arrays = benefit_arrays(np.ones((20, D)), noise(20, 1)[:, 0])
    assert (arrays['benefit.weight'] == 0.0).all()


def test_three_frames_are_refused() -> None:
    with pytest.raises(WeightsError, match='benefit fit: expected at least 4, got 3; give more'):
        benefit_arrays(noise(3, D), np.zeros(3))


@pytest.mark.parametrize('benefits', [np.zeros(5), np.zeros((6, 1))])
def test_another_number_of_benefits_is_refused(benefits: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r'expected \(N,\) beside \(N, D\) features'):
        benefit_arrays(noise(6, D), benefits)


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(WeightsError, match='expected finite features and benefits'):
        benefit_arrays(noise(4, D), np.array([0, 1, np.nan, 2]))
    with pytest.raises(WeightsError, match='expected finite features and benefits'):
        benefit_arrays(noise(4, D) * np.inf, np.zeros(4))


def test_a_softmax_that_is_not_a_number_has_a_confidence_that_is_none() -> None:
    miner = BenefitMiner(CLASSES, benefit_arrays(noise(20, D), noise(20, 1)[:, 0]))
    assert np.isnan(miner.confidence(np.full((CLASSES, 4, 4), np.nan, np.float32)))


def test_the_arrays_are_taken_from_beside_the_learned_ones() -> None:
    own = benefit_arrays(noise(20, D), noise(20, 1)[:, 0])
    both = {'score.bias': np.zeros(1), **own, 'score.weight': np.zeros((1, 64))}
    assert only_benefit(both) == own
    assert list(without_benefit(both)) == ['score.bias', 'score.weight']
    softmax = softmaxes(1)[0]
    expected = BenefitMiner(CLASSES, own).confidence(softmax)
    assert BenefitMiner(CLASSES, both).confidence(softmax) == expected


def test_missing_arrays_are_refused_with_the_remedy() -> None:
    with pytest.raises(WeightsError, match='none; pretrain or let a training round fit them'):
        BenefitMiner(CLASSES, {'score.bias': np.zeros(1)})


def test_arrays_that_do_not_fit_are_refused() -> None:
    arrays = benefit_arrays(noise(20, D), noise(20, 1)[:, 0])
    with pytest.raises(WeightsError, match=r'tensor shapes: expected benefit\.mean \(16,\), '):
        BenefitMiner(CLASSES + 1, arrays)
    with pytest.raises(WeightsError, match=r'benefit\.scale: expected numbers above 0, got 0'):
        BenefitMiner(CLASSES, arrays | {'benefit.scale': np.zeros(D)})
    arrays.pop('benefit.spread')
    with pytest.raises(WeightsError, match=r'tensors: expected also benefit\.spread'):
        BenefitMiner(CLASSES, arrays)


def test_the_arrays_come_back_from_the_wire_bit_for_bit() -> None:
    arrays = benefit_arrays(features_of(softmaxes(30)), noise(30, 1)[:, 0])
    catalogue = ClassCatalogue(('a', 'b', 'c'), ((0, 0, 1), (0, 1, 0), (1, 0, 0)))
    weights = ModelWeights({'conv.weight': np.ones((1, 1), np.float32)}, arrays)
    back = decode(encode(weights, model='net', catalogue=catalogue), 100_000).miner
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert back[name].tobytes() == array.tobytes()
