"""
Releases signed by the server and checked on the robot (Ed25519).

What is signed is what runs in the end, the digest of the tensors, with the number and the expiry
of the release. Encoding, size and digest of the payload are not: they tell how one transfer looks.
"""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
import re

from cryptography.exceptions import InvalidSignature

from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ExpiredReleaseError
from laecips_core.errors import OldReleaseError
from laecips_core.errors import SignatureError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.weights.facts import VERSION_DIGITS
from laecips_core.weights.release_keys import load_private_key
from laecips_core.weights.release_keys import load_public_key

SIGNED_PREFIX = b'laecips-release-1\n'
"""First bytes of every signed text, so that a signature means a release and nothing else."""

SIGNATURE_BYTES = 64

_SIGNED_FIELDS = (
    'model',
    'version',
    'parent',
    'catalogue_sha256',
    'tensors_sha256',
    'release',
    'expires_ns',
)
_SHA256 = re.compile(r'[0-9a-f]{64}')
_ASK = 'ask who runs the server'


def signed_text(manifest: WeightManifest) -> bytes:
    """
    Write what a signature covers.

    :param manifest: the release; its signature is not looked at.
    :returns: SIGNED_PREFIX and one JSON object: sorted keys, no spaces, in ASCII with escapes.
    """
    entry = {name: getattr(manifest, name) for name in _SIGNED_FIELDS}
    return SIGNED_PREFIX + json.dumps(entry, sort_keys=True, separators=(',', ':')).encode()


class ReleaseSigner:
    """The server's side: holds the private release key."""

    def __init__(self, key_path: Path) -> None:
        """
        Load the key.

        :param key_path: Ed25519 private key, PEM (PKCS8, not encrypted).
        :raises ConfigError: when the file is no such key.
        """
        self._key = load_private_key('releases.key', key_path)

    def sign(self, manifest: WeightManifest, *, release: int, expires_ns: int) -> WeightManifest:
        """
        Make a release of weights.

        :param manifest: the weights.
        :param release: number of the release, at least 1 and above that of every other version
            released before.
        :param expires_ns: time after the Unix epoch from which no robot takes it; 0: never.
        :returns: the manifest with release, expiry and signature.
        :raises SignatureError: when no robot would take it, whatever the key.
        """
        numbered = replace(manifest, release=release, expires_ns=expires_ns)
        _check_form(numbered)
        return replace(numbered, signature=self._key.sign(signed_text(numbered)))


class ReleaseVerifier:
    """The robot's side: holds the public release key."""

    def __init__(self, key_path: Path) -> None:
        """
        Load the key.

        :param key_path: Ed25519 public key, PEM.
        :raises ConfigError: when the file is no such key.
        """
        self._key = load_public_key('updates.release_key', key_path)

    def check(
        self,
        manifest: WeightManifest,
        *,
        model: str,
        catalogue_sha256: str,
        newest_release: int,
        newest_version: str,
        now_ns: int,
    ) -> None:
        """
        Refuse a release that this robot must not run. Nothing is remembered here.

        :param manifest: what was announced; untrusted.
        :param model: the model that runs here.
        :param catalogue_sha256: hash of the classes used here.
        :param newest_release: highest number accepted so far; 0: none.
        :param newest_version: the version of that release.
        :param now_ns: time after the Unix epoch.
        :raises SignatureError: when it is not signed by the key, looked at before all else, or
            signed but not of the form of a release.
        :raises WeightsError: when it is for another model.
        :raises CatalogueMismatchError: when it is for other classes.
        :raises ExpiredReleaseError: when its time is over.
        :raises OldReleaseError: when a newer one was accepted, or another version of its number.
        """
        self._check_signature(manifest)
        _check_form(manifest)
        _check_receiver(manifest, model, catalogue_sha256)
        if 0 < manifest.expires_ns <= now_ns:
            raise ExpiredReleaseError(
                f'release {manifest.release}',
                f'an expiry after {now_ns} ns',
                f'{manifest.expires_ns} ns',
                'release it again on the server, or set the clock of this robot',
            )
        _check_order(manifest, newest_release, newest_version)

    def _check_signature(self, manifest: WeightManifest) -> None:
        what = f'signature of version {manifest.version[:VERSION_DIGITS]!r}'
        if len(manifest.signature) != SIGNATURE_BYTES:
            expected = f'{SIGNATURE_BYTES} bytes of the release key'
            raise SignatureError(what, expected, f'{len(manifest.signature)} bytes', _ASK)
        try:
            self._key.verify(manifest.signature, signed_text(manifest))
        except InvalidSignature as error:
            raise SignatureError(what, 'one by the release key', 'another', _ASK) from error


def _check_form(manifest: WeightManifest) -> None:
    digest = manifest.tensors_sha256
    facts: tuple[tuple[str, str, object, bool], ...] = (
        ('release', 'a number of at least 1', manifest.release, manifest.release >= 1),
        ('expires_ns', '0 or a time', manifest.expires_ns, manifest.expires_ns >= 0),
        ('tensors_sha256', '64 hex digits', digest, _SHA256.fullmatch(digest) is not None),
        (
            'version',
            f'the first {VERSION_DIGITS} digits of tensors_sha256',
            manifest.version,
            manifest.version == digest[:VERSION_DIGITS],
        ),
    )
    for name, expected, got, good in facts:
        if not good:
            raise SignatureError(f'release {name}', expected, repr(got), _ASK)


def _check_receiver(manifest: WeightManifest, model: str, catalogue_sha256: str) -> None:
    what = f'release {manifest.release}'
    if manifest.model != model:
        raise WeightsError(what, f'model {model}', f'model {manifest.model}')
    if manifest.catalogue_sha256 != catalogue_sha256:
        raise CatalogueMismatchError(
            f'classes of {what}',
            catalogue_sha256,
            manifest.catalogue_sha256,
            'run robot and server with the same classes',
        )


def _check_order(manifest: WeightManifest, newest_release: int, newest_version: str) -> None:
    if manifest.release < newest_release:
        raise OldReleaseError('release', f'at least {newest_release}', manifest.release, _ASK)
    if manifest.release == newest_release and manifest.version != newest_version:
        raise OldReleaseError(
            f'release {newest_release}', f'version {newest_version}', manifest.version, _ASK
        )
