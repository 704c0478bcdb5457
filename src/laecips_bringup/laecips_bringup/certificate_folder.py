"""
The folder of one fleet's keys: authority, release keys, and a folder to copy for each party.

``ca.pem``, ``ca.key``, ``release.pub``, ``release.key``, ``robots/NAME/``, ``servers/NAME/``;
``old/`` holds what the last renewal of a party replaced. Whoever reads this folder owns the fleet.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
import shutil

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from laecips_bringup.certificate_list import Party
from laecips_bringup.certificate_list import read_certificate
from laecips_bringup.certificate_list import read_party
from laecips_bringup.certificates import Credentials
from laecips_bringup.certificates import new_authority
from laecips_bringup.certificates import PARTY_DAYS
from laecips_bringup.certificates import robot_credentials
from laecips_bringup.certificates import server_credentials
from laecips_core.errors import ConfigError
from laecips_core.weights.release_keys import PRIVATE_MODE
from laecips_core.weights.release_keys import PUBLIC_MODE
from laecips_core.weights.release_keys import read_key_file
from laecips_core.weights.release_keys import write_new_file
from laecips_core.weights.release_keys import write_release_keys

CA, CA_KEY = 'ca.pem', 'ca.key'
RELEASE_PUBLIC, RELEASE_KEY = 'release.pub', 'release.key'
CERTIFICATE, KEY = 'cert.pem', 'key.pem'

_FOLDER_MODE = 0o700
_ROLES = {'robots': 'robot', 'servers': 'server'}
_INIT = 'a folder made with laecips certs init'


class CertificateFolder:
    """Makes and reads the files; nothing is overwritten, and what is renewed is moved away."""

    def __init__(self, path: Path) -> None:
        """
        Name the folder.

        :param path: the folder; only :meth:`init` makes it.
        """
        self.path = path

    def init(self, now: datetime) -> list[str]:
        """
        Make the authority and the release keys, whichever is missing.

        :param now: with time zone.
        :returns: names of the files made.
        :raises ConfigError: when there is nothing to make, half of a pair is missing, or a file
            cannot be written.
        """
        pairs = ((CA_KEY, CA), (RELEASE_KEY, RELEASE_PUBLIC))
        missing = [pair for pair in pairs if not self._holds(*pair)]
        if not missing:
            allowed = 'a folder without CA or release keys; nothing is overwritten'
            raise ConfigError('DIR', str(self.path), allowed)
        _make_folder(self.path)
        if pairs[0] in missing:
            authority = new_authority(now)
            write_new_file(self.path / CA_KEY, authority.key_pem, PRIVATE_MODE)
            write_new_file(self.path / CA, authority.certificate_pem, PUBLIC_MODE)
        if pairs[1] in missing:
            write_release_keys(self.path / RELEASE_KEY, self.path / RELEASE_PUBLIC)
        return [name for pair in missing for name in pair]

    def issue_robot(self, name: str, now: datetime, days: int = PARTY_DAYS) -> Path:
        """
        Make the folder to copy to a robot; an earlier one of this name goes to ``old/``.

        :returns: the folder.
        :raises ConfigError: when a value or this folder is at fault; all stays as it was.
        """
        credentials = robot_credentials(self._authority(), name, now, days)
        return self._place(Path('robots', name), credentials, RELEASE_PUBLIC, PUBLIC_MODE)

    def issue_server(
        self, name: str, hosts: Sequence[str], now: datetime, days: int = PARTY_DAYS
    ) -> Path:
        """
        Make the folder to copy to a server; an earlier one of this name goes to ``old/``.

        :returns: the folder.
        :raises ConfigError: when a value or this folder is at fault; all stays as it was.
        """
        credentials = server_credentials(self._authority(), name, hosts, now, days)
        return self._place(Path('servers', name), credentials, RELEASE_KEY, PRIVATE_MODE)

    def parties(self) -> list[Party]:
        """
        List the authority and every party, robots first, by name.

        :raises ConfigError: when a certificate is missing or damaged.
        """
        found = [read_party('CA', 'CA', self.path / CA)]
        for folder, role in _ROLES.items():
            places = sorted((self.path / folder).glob('[!.]*'))
            found += [read_party(place.name, role, place / CERTIFICATE) for place in places]
        return found

    def _holds(self, private: str, public: str) -> bool:
        there = [(self.path / name).exists() for name in (private, public)]
        if any(there) and not all(there):
            raise ConfigError('DIR', str(self.path), f'{private} and {public}, or neither')
        return all(there)

    def _authority(self) -> Credentials:
        if not (self._holds(CA_KEY, CA) and self._holds(RELEASE_KEY, RELEASE_PUBLIC)):
            raise ConfigError('DIR', str(self.path), _INIT)
        certificate = read_certificate(self.path / CA)
        data = read_key_file(CA_KEY, self.path / CA_KEY)
        try:
            key = serialization.load_pem_private_key(data, password=None)
        except (ValueError, TypeError) as error:
            raise ConfigError(CA_KEY, str(self.path / CA_KEY), 'a private key in PEM') from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or (
            key.public_key() != certificate.public_key()
        ):
            raise ConfigError(CA_KEY, str(self.path / CA_KEY), f'the key of {CA}')
        return Credentials(certificate, key)

    def _place(self, place: Path, credentials: Credentials, release: str, mode: int) -> Path:
        files = {
            CERTIFICATE: (credentials.certificate_pem, PUBLIC_MODE),
            KEY: (credentials.key_pem, PRIVATE_MODE),
            CA: (read_key_file(CA, self.path / CA), PUBLIC_MODE),
            release: (read_key_file(release, self.path / release), mode),
        }
        target, old = self.path / place, self.path / 'old' / place
        fresh = target.with_name(f'.{place.name}.new')
        try:
            _write_folder(fresh, files)
            if target.exists():
                old.parent.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
                shutil.rmtree(old, ignore_errors=True)
                target.rename(old)
            fresh.rename(target)
        except OSError as error:
            raise ConfigError('DIR', f'{target}: {error}', 'a folder to write to') from error
        return target


def _write_folder(folder: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    # What a run left that was killed; nobody was given it.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(_FOLDER_MODE, parents=True)
    for name, (data, mode) in files.items():
        write_new_file(folder / name, data, mode)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError('DIR', f'{path}: {error}', 'a folder that can be made') from error
