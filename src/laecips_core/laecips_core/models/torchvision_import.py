"""Imports torchvision, also where its operators were compiled for another torch."""

from __future__ import annotations

from importlib import import_module
import logging
import sys
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from laecips_core.errors import PlugInError

_log = logging.getLogger(__name__)
_REMEDY = 'install the torchvision that belongs to the installed torch'
_SCHEMA = '{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor'
_kept: list[torch.library.Library] = []


def import_torchvision() -> ModuleType:
    """
    Import torchvision.

    PyPI has one torchvision for Linux, compiled for a CUDA torch; beside a torch for the CPU its
    operators do not load and its import fails. Of those only non-maximum suppression is used by
    the models we know, so then it is given here, and logged.

    :returns: the module.
    :raises PlugInError: when it is not installed, or does not import for another reason.
    """
    try:
        return import_module('torchvision')
    except ModuleNotFoundError as error:
        raise PlugInError('torchvision', 'to be installed', error, _REMEDY) from error
    except RuntimeError as error:
        if 'torchvision::nms does not exist' not in str(error):
            raise PlugInError('torchvision', 'to import', error, _REMEDY) from error
    for name in [name for name in sys.modules if name.partition('.')[0] == 'torchvision']:
        del sys.modules[name]
    _define_nms()
    module = import_module('torchvision')
    # Its functions ask this before they call an operator; ours is there now.
    sys.modules['torchvision.extension']._has_ops = lambda: True  # type: ignore[attr-defined]
    _log.warning('the operators of torchvision do not load, ours stand in for them; %s', _REMEDY)
    return module


def stands_in() -> bool:
    """Tell whether ours stands in for the operators of torchvision."""
    return bool(_kept)


def suppress(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """
    Suppress boxes that overlap a better one (non-maximum suppression).

    :param boxes: (N, 4) as x0, y0, x1, y1.
    :param scores: (N,).
    :param iou_threshold: in [0, 1]; boxes of a larger IoU with a better one go.
    :returns: (K,) int64 rows that stay, best first.
    """
    order = torch.argsort(scores, descending=True, stable=True)
    corners = boxes[order].double().numpy()
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    alive = np.ones(len(corners), np.bool_)
    for row in range(len(corners)):
        if not alive[row]:
            continue
        low = np.maximum(corners[row, :2], corners[row + 1 :, :2])
        high = np.minimum(corners[row, 2:], corners[row + 1 :, 2:])
        shared = np.prod(np.maximum(high - low, 0.0), axis=1)
        union = areas[row] + areas[row + 1 :] - shared
        alive[row + 1 :] &= ~(shared > iou_threshold * union)
    return order[torch.from_numpy(alive)]


def _define_nms() -> None:
    library = torch.library.Library('torchvision', 'FRAGMENT')  # type: ignore[no-untyped-call]
    for name in ('nms', 'qnms'):  # the second, on quantised boxes, is only named in its import
        library.define(_SCHEMA.format(name))  # type: ignore[no-untyped-call]
    library.impl('nms', suppress, 'CPU')  # type: ignore[no-untyped-call]
    _kept.append(library)  # an operator goes with its library
