from __future__ import annotations

import pickle

import pytest

from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ConfigError
from laecips_core.errors import DataSetError
from laecips_core.errors import ImageError
from laecips_core.errors import LaecipsError
from laecips_core.errors import ShapeError
from laecips_core.errors import UnknownNameError


@pytest.mark.parametrize(
    'error',
    [
        ConfigError('rate', -1, 'a rate'),
        UnknownNameError('miner', 'x', ['sm', 'spp']),
        ShapeError('image', '(H, W, 3)', (1, 2)),
        ImageError('step', 'a step', 0),
        CatalogueMismatchError('classes', 'a', 'b', 'choose'),
        DataSetError('root', 'a folder', 'none', 'set root'),
    ],
)
def test_an_error_passes_between_processes(error: LaecipsError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.code, vars(again)) == (str(error), error.code, vars(error))
