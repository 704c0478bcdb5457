from __future__ import annotations

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.checks import check_fits
from laecips_core.weights.checks import check_tensors
from laecips_core.weights.encoding import encode


def make_catalogue(*names: str, colour: int = 0) -> ClassCatalogue:
    return ClassCatalogue(names, ((colour, 0, 0),) * len(names))


def make_update(*names: str) -> WeightUpdate:
    weights = ModelWeights({'a': np.zeros(1)}, {})
    return encode(weights, model='net', catalogue=make_catalogue(*names))


def test_weights_of_the_model_and_its_classes_fit() -> None:
    check_fits(make_update('road', 'wall'), model='net', catalogue=make_catalogue('road', 'wall'))


def test_other_colours_fit() -> None:
    check_fits(make_update('road'), model='net', catalogue=make_catalogue('road', colour=9))


def test_weights_of_another_model_are_refused() -> None:
    with pytest.raises(WeightsError, match='expected model rfnet, got model net; choose'):
        check_fits(make_update('road'), model='rfnet', catalogue=make_catalogue('road'))


def test_another_order_of_classes_is_refused() -> None:
    match = (
        'expected 3 classes, from class 1 on: b, c, got 3 classes, from class 1 on: c, b; train'
    )
    with pytest.raises(CatalogueMismatchError, match=match):
        check_fits(make_update('a', 'c', 'b'), model='net', catalogue=make_catalogue(*'abc'))


def test_missing_classes_are_refused() -> None:
    match = (
        'expected 8 classes, from class 1 on: b, c, d, e, f and 2 more, got 1 classes, .*: none'
    )
    with pytest.raises(CatalogueMismatchError, match=match):
        check_fits(make_update('a'), model='net', catalogue=make_catalogue(*'abcdefgh'))


def test_tensors_that_fit_are_accepted() -> None:
    check_tensors({'a': (2, 3), 'b': ()}, {'b': np.zeros(()), 'a': np.zeros((2, 3))})


def test_missing_tensors_are_named() -> None:
    with pytest.raises(WeightsError, match='tensors: expected also b, c, got none of that name'):
        check_tensors({'a': (1,), 'b': (1,), 'c': (1,)}, {'a': np.zeros(1)})


def test_unexpected_tensors_are_named_up_to_a_few() -> None:
    arrays = {name: np.zeros(1) for name in 'abcdefgh'}
    match = 'expected the 1 of the model, got also b, c, d, e, f and 2 more'
    with pytest.raises(WeightsError, match=match):
        check_tensors({'a': (1,)}, arrays)


def test_wrong_shapes_are_named() -> None:
    match = r'tensor shapes: expected b \(2, 3\), got b \(3, 2\)'
    with pytest.raises(WeightsError, match=match):
        check_tensors({'a': (1,), 'b': (2, 3)}, {'a': np.zeros(1), 'b': np.zeros((3, 2))})
