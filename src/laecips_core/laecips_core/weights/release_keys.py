"""The release key pair on disk: Ed25519, PEM; files are written once and never over another."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from laecips_core.errors import ConfigError

PRIVATE_MODE = 0o600
"""Of private keys: only their owner reads them."""

PUBLIC_MODE = 0o644

MAX_KEY_BYTES = 65536
"""Far above any key; a path to something else is not read whole."""


def load_private_key(setting: str, path: Path) -> Ed25519PrivateKey:
    """
    Load the server's key.

    :param setting: name of the setting that holds the path, for the error.
    :param path: PKCS8 in PEM, not encrypted; ``~`` is the home folder.
    :raises ConfigError: when the file is no such key.
    """
    data = read_key_file(setting, path)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(setting, path, 'private') from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(setting, path, 'private')
    return key


def load_public_key(setting: str, path: Path) -> Ed25519PublicKey:
    """
    Load the robot's key.

    :param setting: name of the setting that holds the path, for the error.
    :param path: PEM; ``~`` is the home folder.
    :raises ConfigError: when the file is no such key.
    """
    data = read_key_file(setting, path)
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(setting, path, 'public') from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(setting, path, 'public')
    return key


def write_release_keys(private: Path, public: Path) -> None:
    """
    Make a new pair, both files or none.

    :param private: file for the server, readable by its owner only.
    :param public: file for the robots.
    :raises ConfigError: when one of them exists already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_new_file(private, secret, PRIVATE_MODE)
    try:
        write_new_file(public, shown, PUBLIC_MODE)
    except ConfigError:
        private.unlink()
        raise


def read_key_file(setting: str, path: Path) -> bytes:
    """
    Read a key or certificate.

    :param setting: name of the setting that holds the path, for the error.
    :param path: the file; ``~`` is the home folder.
    :raises ConfigError: when it cannot be read or is far too large.
    """
    try:
        with path.expanduser().open('rb') as file:
            data = file.read(MAX_KEY_BYTES + 1)
    except (OSError, RuntimeError) as error:
        raise ConfigError(setting, f'{path}: {error}', 'a file that can be read') from error
    if len(data) > MAX_KEY_BYTES:
        raise ConfigError(setting, str(path), f'a file of at most {MAX_KEY_BYTES} bytes')
    return data


def write_new_file(path: Path, data: bytes, mode: int) -> None:
    """
    Write a file that must not exist yet, wholly or not at all, and put it on disk.

    :param path: the file; its folder must exist.
    :param data: all of its bytes.
    :param mode: permissions, from the first moment on, such as PRIVATE_MODE.
    :raises ConfigError: when the file exists or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise ConfigError('key file', str(path), 'a file that does not exist yet') from error
    except OSError as error:
        raise ConfigError('key file', f'{path}: {error}', 'a file that can be made') from error
    try:
        with os.fdopen(descriptor, 'wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ConfigError('key file', f'{path}: {error}', 'a file that can be written') from error


def _no_key(setting: str, path: Path, kind: str) -> ConfigError:
    return ConfigError(setting, str(path), f'an Ed25519 {kind} key in PEM, of laecips certs init')
