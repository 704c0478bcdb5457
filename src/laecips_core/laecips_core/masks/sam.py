"""``sam:NAME``: the models of the package segment-anything as mask generators."""

from __future__ import annotations

from pathlib import Path

from laecips_core.config import MaskConfig
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.masks.automatic.generator import AutomaticMasks
from laecips_core.masks.sam_architecture import architecture_of
from laecips_core.masks.sam_architecture import PUBLISHED
from laecips_core.masks.sam_model import build_sam
from laecips_core.masks.sam_model import SamModel
from laecips_core.models.checkpoint_file import PICKLED_SUFFIXES
from laecips_core.models.checkpoint_file import read_checkpoint
from laecips_core.models.checkpoint_file import SAFE_SUFFIX
from laecips_core.zoo.cache import cached_file


def build(name: str, config: MaskConfig) -> AutomaticMasks:
    """
    Build a mask generator.

    :param name: ``vit_b``, ``vit_l`` or ``vit_h``; or the path of a checkpoint, whose sizes are
        then read from it.
    :param config: weights, device, grid and thresholds.
    :raises UnknownNameError: when the name is neither.
    :raises WeightsError: when the checkpoint is missing, damaged, no SAM, or another than named.
    :raises EngineError: when the device is not there.
    """
    path = _checkpoint(name, config)
    tensors = read_checkpoint(path)
    found = architecture_of(tensors, str(path))
    expected = PUBLISHED.get(name, found)
    if found != expected:
        remedy = 'name the model that the file holds, or its path'
        raise WeightsError(str(path), f'sam:{name} ({expected})', found, remedy)
    sam = build_sam(found, tensors, str(path))
    label = name if name in PUBLISHED else path.name
    return AutomaticMasks(SamModel(f'sam:{label}', sam, config), config)


def _checkpoint(name: str, config: MaskConfig) -> Path:
    named_file = '/' in name or name.endswith((SAFE_SUFFIX, *PICKLED_SUFFIXES))
    if name not in PUBLISHED and not named_file:
        known = [*(f'sam:{one}' for one in PUBLISHED), 'sam:PATH of a checkpoint']
        raise UnknownNameError('masks.name', f'sam:{name}', known)
    if config.weights:
        return Path(config.weights).expanduser()
    return Path(name).expanduser() if named_file else cached_file(f'sam:{name}')
