"""
Engines built ahead, in a folder: found again by what they were built from.

Two kinds of file, each with a manifest beside it (``NAME.json``: sha256, size, and the facts of
the key in clear):

- ``onnx``: the exported network, the same on every machine; what ``onnxruntime`` runs and what a
  ``tensorrt`` plan is built from;
- ``tensorrt``: a plan, good for one version of the library and one kind of GPU.

No file holds trained weights: they are put in by name when a model is built.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
import hashlib
import json
import logging
import os
from pathlib import Path
import re

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import EngineError
from laecips_core.errors import WeightsError
from laecips_core.weights.files import write_atomically

FORMAT = 1
"""Version of our exported graphs and of this folder's form; part of every key."""

_log = logging.getLogger(__name__)
_MAX_MANIFEST_BYTES = 100_000
_MAX_MAP_BYTES = 1_000_000
_MAX_ENGINE_BYTES = 2**31 - 1
_DESCRIPTIONS = ('config.json', 'preprocessor_config.json')


@dataclass(frozen=True)
class EngineKey:
    """
    What a file was built from; another value of any field is another file.

    :param kind: ``onnx`` or ``tensorrt``.
    :param model: name of the network, as in ``model.name``.
    :param classes: number of classes M.
    :param input_size_px: (h, w) of the network's input.
    :param precision: ``fp32`` or ``fp16``.
    :param class_map_sha256: of the class map file; empty: none.
    :param folder_sha256: of the descriptions in ``hf:FOLDER``; empty for other families.
    :param library: version that runs the file; empty: any.
    :param device: kind of GPU that runs the file; empty: any.
    :param format: version of our form.
    """

    kind: str
    model: str
    classes: int
    input_size_px: tuple[int, int]
    precision: str
    class_map_sha256: str
    folder_sha256: str = ''
    library: str = ''
    device: str = ''
    format: int = FORMAT

    @property
    def file_name(self) -> str:
        """A name that people can read, with a digest of everything."""
        facts = json.dumps(asdict(self), sort_keys=True).encode()
        plain = re.sub(r'[^A-Za-z0-9.-]+', '_', self.model)[-60:]
        height, width = self.input_size_px
        digest = hashlib.sha256(facts).hexdigest()[:16]
        return f'{plain}-{self.classes}-{height}x{width}-{self.precision}-{digest}.{self.kind}'


def onnx_key(config: EdgeModelConfig, classes: int) -> EngineKey:
    """
    Say what the exported network of a configuration is built from.

    :param config: network, input size, precision and class map.
    :param classes: number of classes M.
    :raises ConfigError: when the class map cannot be read.
    """
    return EngineKey(
        kind='onnx',
        model=config.name,
        classes=classes,
        input_size_px=(config.input_height_px, config.input_width_px),
        precision=config.precision,
        class_map_sha256=_digest_of_map(config.classes),
        folder_sha256=_digest_of_folder(config.name),
    )


class EngineCache:
    """
    The folder of built engines.

    :param folder: made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        """Look at nothing yet."""
        self.folder = folder

    def path(self, key: EngineKey) -> Path:
        """Say where the file of a key lies, or would."""
        return self.folder / key.file_name

    def read(self, key: EngineKey) -> bytes | None:
        """
        Give a file; None: there is none, or it is damaged, which is logged.

        :param key: what it was built from.
        """
        path = self.path(key)
        if not path.exists():
            return None
        try:
            return self._checked(path, key)
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning('engine %s is damaged and is not used: %s', path, error)
            return None

    def write(self, key: EngineKey, data: bytes, notes: dict[str, str]) -> Path:
        """
        Keep a file, wholly or not at all.

        :param key: what it was built from.
        :param data: its bytes.
        :param notes: facts for people, such as the versions that made it.
        :returns: where it lies.
        :raises EngineError: when it cannot be written.
        """
        path = self.path(key)
        manifest = {
            'sha256': hashlib.sha256(data).hexdigest(),
            'size_bytes': len(data),
            'key': asdict(key),
            'notes': notes,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
            write_atomically(manifest_path(path), json.dumps(manifest, indent=2).encode())
        except (OSError, WeightsError) as error:
            do = 'set model.engine_folder to a folder that can be written'
            raise EngineError(str(path), 'a file that can be written', error, do) from error
        return path

    def _checked(self, path: Path, key: EngineKey) -> bytes:
        manifest = json.loads(_read(manifest_path(path), _MAX_MANIFEST_BYTES))
        if manifest['key'] != json.loads(json.dumps(asdict(key))):
            raise ValueError('its manifest is of another engine')
        data = _read(path, _MAX_ENGINE_BYTES)
        found = hashlib.sha256(data).hexdigest()
        if found != manifest['sha256']:
            raise ValueError(f'expected sha256 {manifest["sha256"]}, got {found}')
        return data


def engine_folder(config: EdgeModelConfig) -> Path:
    """
    Find the folder of built engines.

    :param config: ``engine_folder``; empty: ``laecips/engines`` in the user's cache.
    :raises ConfigError: when the home folder is asked for and not known.
    """
    try:
        if config.engine_folder:
            return Path(config.engine_folder).expanduser()
        cache = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
        return Path(cache).expanduser() / 'laecips' / 'engines'
    except RuntimeError as error:
        allowed = 'a path with a known home folder'
        raise ConfigError('model.engine_folder', config.engine_folder, allowed) from error


def manifest_path(path: Path) -> Path:
    """
    Say where the manifest of a built engine lies.

    :param path: the engine.
    """
    return path.with_name(f'{path.name}.json')


def _digest_of_map(name: str) -> str:
    if not name:
        return ''
    try:
        return hashlib.sha256(_read(Path(name).expanduser(), _MAX_MAP_BYTES)).hexdigest()
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(
            'model.classes', name, f'a class map that can be read ({error})'
        ) from error


def _digest_of_folder(model: str) -> str:
    """Tell one network in a folder of the user's from the next one there."""
    family, _, name = model.partition(':')
    if family != 'hf':
        return ''
    folder = Path(os.path.expanduser(name))
    digest = hashlib.sha256()
    for file in _DESCRIPTIONS:
        path = folder / file
        digest.update(_read(path, _MAX_MAP_BYTES) if path.is_file() else b'')
        digest.update(b'\0')
    return digest.hexdigest()


def _read(path: Path, max_bytes: int) -> bytes:
    with path.open('rb') as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f'{path}: expected at most {max_bytes} bytes')
    return data
