"""Checks that weights belong to the model and classes they are meant for."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightArrays
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import catalogue_of

_SHOWN = 5


def check_fits(update: WeightUpdate, *, model: str, catalogue: ClassCatalogue) -> None:
    """
    Refuse weights of another model or other classes.

    :param update: the weights.
    :param model: the model they are to run in.
    :param catalogue: the classes the receiver works with; colours may differ.
    :raises WeightsError: when they are of another model.
    :raises CatalogueMismatchError: when names or order of the classes differ.
    """
    if update.manifest.model != model:
        raise WeightsError(
            f'weights {update.manifest.version}',
            f'model {model}',
            f'model {update.manifest.model}',
            'choose weights of that model',
        )
    if update.manifest.catalogue_sha256 == catalogue.sha256:
        return
    names = catalogue_of(update).names
    pairs = zip(catalogue.names, names, strict=False)
    shorter = min(len(catalogue), len(names))
    first = next((k for k, (ours, theirs) in enumerate(pairs) if ours != theirs), shorter)
    raise CatalogueMismatchError(
        f'classes of weights {update.manifest.version}',
        _classes_from(first, catalogue.names),
        _classes_from(first, names),
        'train weights for these classes, choose the data set they were trained on, or name a '
        'class map',
    )


def check_tensors(expected: Mapping[str, tuple[int, ...]], arrays: WeightArrays) -> None:
    """
    Refuse tensors that a model cannot load.

    :param expected: shape of every tensor of the model by name.
    :param arrays: the tensors that came.
    :raises WeightsError: when some are missing, unexpected or of another shape; it names a few.
    """
    missing = [name for name in expected if name not in arrays]
    if missing:
        raise WeightsError('tensors', f'also {_few(missing)}', 'none of that name')
    unexpected = [name for name in arrays if name not in expected]
    if unexpected:
        raise WeightsError(
            'tensors', f'the {len(expected)} of the model', f'also {_few(unexpected)}'
        )
    wrong = [name for name in expected if arrays[name].shape != expected[name]]
    if wrong:
        raise WeightsError(
            'tensor shapes',
            _few([f'{name} {expected[name]}' for name in wrong]),
            _few([f'{name} {arrays[name].shape}' for name in wrong]),
        )


def _classes_from(first: int, names: Sequence[str]) -> str:
    rest = _few(names[first:]) if first < len(names) else 'none'
    return f'{len(names)} classes, from class {first} on: {rest}'


def _few(names: Sequence[str]) -> str:
    shown = ', '.join(names[:_SHOWN])
    left = len(names) - _SHOWN
    return f'{shown} and {left} more' if left > 0 else shown
