"""What a server announces: versions, numbered and signed where there is a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path
from threading import Lock
import time

from laecips_core.config import CloudConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.facts import parse_object
from laecips_core.weights.files import write_atomically
from laecips_core.weights.signing import ReleaseSigner

RELEASE_FILE = 'RELEASE.json'
"""Number and version of the newest release, in the folder of the store."""

_DAY_NS = 86_400 * 10**9


class Releases:
    """Announces versions as they are, without a number: a robot cannot tell who made them."""

    def announce(self, manifest: WeightManifest) -> WeightManifest:
        """
        Release a version.

        :param manifest: of the version to run from now on.
        :returns: what to announce.
        :raises WeightsError: when the release cannot be written down; nothing was released.
        """
        return manifest

    def stamped(self, transfer: WeightUpdate) -> WeightUpdate:
        """
        Give a transfer the facts of its release.

        :param transfer: a version, whole or as a delta.
        :returns: the same bytes; the manifest tells release, expiry and signature where the
            version is the one announced last.
        """
        return transfer

    def due(self) -> bool:
        """Say whether the version announced last has to be announced again, to stay valid."""
        return False


class SignedReleases(Releases):
    """
    Numbers and signs what it announces; safe for use from several threads.

    Another version than the one announced last is a new release, even if it is an old version
    again. The number outlives the process: robots take no lower one.

    :param signer: holds the key.
    :param path: file that keeps number and version; its folder must exist.
    :param valid_days: days until a release expires; 0: never.
    :param now_ns: gives the time after the Unix epoch.
    """

    def __init__(
        self,
        signer: ReleaseSigner,
        path: Path,
        valid_days: int,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """
        Go on from the release that the file holds.

        :raises WeightsError: when the file is damaged.
        """
        self._signer, self._path, self._now_ns = signer, path, now_ns
        self._valid_ns = valid_days * _DAY_NS
        self._number, self._version = _read(path)
        self._announced: WeightManifest | None = None
        self._lock = Lock()

    def announce(self, manifest: WeightManifest) -> WeightManifest:
        """Give a version its number, on disk before it is told, and a signature."""
        with self._lock:
            new = manifest.version != self._version
            number = self._number + new
            expires_ns = self._now_ns() + self._valid_ns if self._valid_ns else 0
            signed = self._signer.sign(manifest, release=number, expires_ns=expires_ns)
            if new:
                record = {'number': number, 'version': manifest.version}
                write_atomically(self._path, f'{json.dumps(record)}\n'.encode())
            self._number, self._version, self._announced = number, manifest.version, signed
            return signed

    def stamped(self, transfer: WeightUpdate) -> WeightUpdate:
        """Sign a transfer of the version announced last; others cannot be taken by robots."""
        with self._lock:
            announced = self._announced
        sent = transfer.manifest
        if announced is None or sent.version != announced.version:
            return transfer
        manifest = replace(
            announced, encoding=sent.encoding, sha256=sent.sha256, size_bytes=sent.size_bytes
        )
        return WeightUpdate(manifest, transfer.payload)

    def due(self) -> bool:
        """Say whether half of the time of the release is over."""
        with self._lock:
            if self._announced is None or not self._valid_ns:
                return False
            return self._announced.expires_ns - self._now_ns() <= self._valid_ns // 2


def build_releases(config: CloudConfig) -> Releases:
    """
    Build what the configuration asks for.

    :param config: the cloud's settings; the folder of its store must exist.
    :raises ConfigError: when the key cannot be used, or there is no store beside it.
    :raises WeightsError: when the number of the newest release is damaged.
    """
    if not config.releases.key:
        return Releases()
    if not config.store:
        allowed = 'a folder when releases.key is set, for the release number outlives a restart'
        raise ConfigError('store', config.store, allowed)
    signer = ReleaseSigner(Path(config.releases.key).expanduser())
    path = Path(config.store).expanduser() / RELEASE_FILE
    return SignedReleases(signer, path, config.releases.valid_days)


def _read(path: Path) -> tuple[int, str]:
    """Give number and version of the newest release; 0 and empty before the first."""
    try:
        if not path.exists():
            return 0, ''
        entry = parse_object(str(path), path.read_text('utf-8', 'replace'))
        number, version = entry.get('number'), entry.get('version')
    except OSError as error:
        raise WeightsError(str(path), 'a file that can be read', error) from error
    if type(number) is not int or number < 1 or not isinstance(version, str):
        do = 'restore it; robots refuse releases with lower numbers than before'
        raise WeightsError(str(path), 'number and version of a release', entry, do)
    return number, version
