from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.errors import WeightsError
from laecips_core.models.state import arrays_of
from laecips_core.models.state import load_arrays


def network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))


def test_parameters_and_statistics_are_given_without_the_counter() -> None:
    shapes = {name: array.shape for name, array in arrays_of(network(0)).items()}
    assert shapes == {
        '0.weight': (2, 3, 1, 1),
        '0.bias': (2,),
        '1.weight': (2,),
        '1.bias': (2,),
        '1.running_mean': (2,),
        '1.running_var': (2,),
    }


def test_the_arrays_are_copies() -> None:
    module = network(0)
    arrays_of(module)['1.bias'][:] = 9.0
    assert arrays_of(module)['1.bias'].tolist() == [0.0, 0.0]


def test_loaded_arrays_come_back() -> None:
    arrays = {name: array + 1 for name, array in arrays_of(network(0)).items()}
    module = network(1)
    load_arrays(module, arrays)
    for name, array in arrays_of(module).items():
        np.testing.assert_array_equal(array, arrays[name])


def test_loaded_arrays_are_copied() -> None:
    arrays, module = arrays_of(network(0)), network(1)
    load_arrays(module, arrays)
    arrays['1.bias'][:] = 9.0
    assert arrays_of(module)['1.bias'].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'0.bias': None}, r'tensors: expected also 0\.bias, got none of that name'),
        ({'2.bias': (2,)}, r'tensors: expected the 6 of the model, got also 2\.bias'),
        ({'0.bias': (3,)}, r'tensor shapes: expected 0\.bias \(2,\), got 0\.bias \(3,\)'),
    ],
)
def test_arrays_that_do_not_fit_are_refused_and_change_nothing(
    change: dict[str, tuple[int, ...] | None], message: str
) -> None:
    arrays, module = arrays_of(network(0)), network(1)
    for name, shape in change.items():
        arrays.pop(name, None)
        if shape is not None:
            arrays[name] = np.zeros(shape, np.float32)
    before = arrays_of(module)
    with pytest.raises(WeightsError, match=message):
        load_arrays(module, arrays)
    for name, array in arrays_of(module).items():
        np.testing.assert_array_equal(array, before[name])
