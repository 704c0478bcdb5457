"""Folders of Hugging Face models: where they are, what is in them; nothing is downloaded."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from torch import Tensor

from laecips_core.errors import WeightsError
from laecips_core.models.adapted import IMAGENET
from laecips_core.models.adapted import ImageScale
from laecips_core.models.checkpoint_file import read_checkpoint
from laecips_core.models.library_import import import_library

MAX_CONFIG_BYTES = 1_000_000
"""Largest JSON file read."""

_CONFIG = 'config.json'
_PREPROCESSOR = 'preprocessor_config.json'
_WEIGHTS = ('model.safetensors', 'pytorch_model.bin')
# What transformers raises for JSON of another form.
_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError)
_LOG = logging.getLogger(__name__)


def folder_of(family: str, name: str) -> Path:
    """
    Find a model's folder.

    :param family: first part of its name, for errors.
    :param name: a folder (``~`` is the home folder), or a repository, which is looked for in the
        cache of Hugging Face.
    :raises WeightsError: when it is neither, or has no config.json.
    :raises PlugInError: when huggingface_hub is not installed.
    """
    whole = f'{family}:{name}'
    try:
        folder = Path(name).expanduser()
    except RuntimeError as error:
        raise WeightsError(whole, 'a path with a known home folder', name) from error
    if folder.is_dir():
        _check_small(folder / _CONFIG)
        return folder
    cached = _cached(name)
    if cached is None:
        raise WeightsError(
            whole,
            'a folder, or a repository in the cache of Hugging Face',
            'neither',
            f'run laecips models fetch {whole}, or name a folder with its files',
        )
    _check_small(cached / _CONFIG)
    return cached


def read_config(folder: Path) -> Any:
    """
    Read what describes a network; code beside it is not run.

    :param folder: of the model.
    :returns: a configuration of transformers.
    :raises WeightsError: when it is damaged or of a model that transformers does not know.
    """
    transformers = import_library('transformers')
    of_another_type = import_library('huggingface_hub').errors.StrictDataclassError
    try:
        return transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (of_another_type, *_DAMAGED) as error:
        expected = f'a configuration that transformers {transformers.__version__} knows'
        raise WeightsError(str(folder / _CONFIG), expected, error) from error


def read_scale(folder: Path) -> ImageScale:
    """
    Read how a network wants its images.

    :param folder: of the model.
    :returns: that of ImageNet, and a warning in the log, where the folder does not say.
    :raises WeightsError: when what it says is damaged.
    """
    path = folder / _PREPROCESSOR
    if not path.exists():
        _LOG.warning('%s: no such file; images are scaled as for ImageNet', path)
        return IMAGENET
    _check_small(path)
    transformers = import_library('transformers')
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        return _scale_of(processor)
    except _DAMAGED as error:
        raise WeightsError(str(path), 'the scaling of images', error) from error


def read_tensors(name: str, folder: Path) -> tuple[Path, dict[str, Tensor]]:
    """
    Read the weights of a model.

    :param name: of the model, for errors.
    :param folder: of the model.
    :returns: the file, and its tensors.
    :raises WeightsError: when there is none, or it is damaged, or holds more than tensors.
    """
    for file in _WEIGHTS:
        if (folder / file).exists():
            return folder / file, read_checkpoint(folder / file)
    raise WeightsError(
        name,
        f'{" or ".join(_WEIGHTS)} in {folder}',
        'neither',
        f'run laecips models fetch {name}, or put one of them there',
    )


def _cached(name: str) -> Path | None:
    hub = import_library('huggingface_hub')
    try:
        found = hub.try_to_load_from_cache(name, _CONFIG)
    except hub.errors.HFValidationError:  # it cannot be the name of a repository
        return None
    return Path(found).parent if isinstance(found, str) else None


def _check_small(path: Path) -> None:
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise WeightsError(str(path), 'a readable file', error) from error
    if size_bytes > MAX_CONFIG_BYTES:
        raise WeightsError(str(path), f'at most {MAX_CONFIG_BYTES} bytes', size_bytes)


def _scale_of(processor: Any) -> ImageScale:
    facts = processor.to_dict()
    factor = float(facts['rescale_factor']) if facts.get('do_rescale') else 1.0
    mean, deviation = [0.0] * 3, [1.0] * 3
    if facts.get('do_normalize'):
        mean, deviation = list(facts['image_mean']), list(facts['image_std'])
    if len(mean) != 3 or len(deviation) != 3 or factor <= 0.0 or min(deviation) <= 0.0:
        raise ValueError(f'mean {mean}, deviation {deviation}, factor {factor}')
    return ImageScale(
        tuple(value / factor for value in mean),
        tuple(value / factor for value in deviation),
        (2, 1, 0) if facts.get('do_flip_channel_order') else (0, 1, 2),
    )
