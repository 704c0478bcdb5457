from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
import pytest

from laecips_core.errors import ConfigError
from laecips_core.weights.release_keys import load_private_key
from laecips_core.weights.release_keys import load_public_key
from laecips_core.weights.release_keys import write_new_file
from laecips_core.weights.release_keys import write_release_keys

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
OPEN = serialization.NoEncryption()

Load = Callable[[str, Path], object]


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_pair_belongs_together(tmp_path: Path) -> None:
    write_release_keys(tmp_path / 'a.key', tmp_path / 'a.pub')
    signature = load_private_key('key', tmp_path / 'a.key').sign(b'text')
    load_public_key('key', tmp_path / 'a.pub').verify(signature, b'text')


def test_only_the_owner_reads_the_private_key(tmp_path: Path) -> None:
    write_release_keys(tmp_path / 'a.key', tmp_path / 'a.pub')
    assert mode_of(tmp_path / 'a.key') == 0o600
    assert mode_of(tmp_path / 'a.pub') == 0o644
    assert (tmp_path / 'a.key').read_bytes().startswith(b'-----BEGIN PRIVATE KEY-----\n')


@pytest.mark.parametrize('taken', ['a.key', 'a.pub'])
def test_no_file_is_overwritten_and_no_half_pair_is_left(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text('precious')
    with pytest.raises(ConfigError, match='expected a file that does not exist yet'):
        write_release_keys(tmp_path / 'a.key', tmp_path / 'a.pub')
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == 'precious'


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'expected a file that can be made, got .*nowhere'):
        write_release_keys(tmp_path / 'nowhere' / 'a.key', tmp_path / 'a.pub')


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / 'link').symlink_to(tmp_path / 'target')
    with pytest.raises(ConfigError, match='does not exist yet'):
        write_new_file(tmp_path / 'link', b'secret', 0o600)
    assert not (tmp_path / 'target').exists()


@pytest.mark.parametrize('data', [b'', b'no key', b'\xff' * 100])
@pytest.mark.parametrize('load', [load_private_key, load_public_key])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, data: bytes, load: Load) -> None:
    (tmp_path / 'a').write_bytes(data)
    with pytest.raises(ConfigError, match=r'the\.setting: expected an Ed25519 .* key in PEM'):
        load('the.setting', tmp_path / 'a')


@pytest.mark.parametrize('load', [load_private_key, load_public_key])
def test_a_file_far_too_large_is_refused(tmp_path: Path, load: Load) -> None:
    (tmp_path / 'a').write_bytes(bytes(65537))
    with pytest.raises(ConfigError, match='expected a file of at most 65536 bytes'):
        load('the.setting', tmp_path / 'a')


@pytest.mark.parametrize('name', ['', 'missing', '~nobody-of-this-name/a'])
def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    path = Path(name) if name.startswith('~') else tmp_path / name
    with pytest.raises(ConfigError, match=r'the\.setting: expected a file that can be read'):
        load_private_key('the.setting', path)


def test_a_key_of_another_algorithm_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / 'a').write_bytes(key.private_bytes(PEM, PKCS8, OPEN))
    shown = serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / 'b').write_bytes(key.public_key().public_bytes(PEM, shown))
    with pytest.raises(ConfigError, match='an Ed25519 private key'):
        load_private_key('the.setting', tmp_path / 'a')
    with pytest.raises(ConfigError, match='an Ed25519 public key'):
        load_public_key('the.setting', tmp_path / 'b')


def test_an_encrypted_key_is_refused(tmp_path: Path) -> None:
    locked = serialization.BestAvailableEncryption(b'word')
    data = Ed25519PrivateKey.generate().private_bytes(PEM, PKCS8, locked)
    (tmp_path / 'a').write_bytes(data)
    with pytest.raises(ConfigError, match='an Ed25519 private key'):
        load_private_key('the.setting', tmp_path / 'a')
