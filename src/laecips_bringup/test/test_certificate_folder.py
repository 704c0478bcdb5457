from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from datetime import UTC
from pathlib import Path

from cryptography import x509
import pytest

from laecips_bringup.certificate_folder import CertificateFolder
from laecips_core.errors import ConfigError
from laecips_core.weights.release_keys import load_private_key
from laecips_core.weights.release_keys import load_public_key

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=300)


@pytest.fixture
def fleet(tmp_path: Path) -> CertificateFolder:
    folder = CertificateFolder(tmp_path / 'fleet')
    folder.init(NOW)
    return folder


def files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.is_file()}


def texts(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def serial(folder: Path) -> int:
    data = (folder / 'cert.pem').read_bytes()
    return x509.load_pem_x509_certificate(data).serial_number


def test_init_makes_two_pairs_of_which_the_private_halves_are_private(
    fleet: CertificateFolder,
) -> None:
    expected = {'ca.key': 0o600, 'ca.pem': 0o644, 'release.key': 0o600, 'release.pub': 0o644}
    assert files(fleet.path) == expected
    assert fleet.path.stat().st_mode & 0o777 == 0o700


def test_init_twice_is_refused_and_changes_nothing(fleet: CertificateFolder) -> None:
    before = texts(fleet.path)
    with pytest.raises(ConfigError, match='DIR: expected a folder without CA or release keys'):
        fleet.init(LATER)
    assert texts(fleet.path) == before


@pytest.mark.parametrize(
    ('gone', 'made'),
    [
        (('ca.key', 'ca.pem'), ['ca.key', 'ca.pem']),
        (('release.key', 'release.pub'), ['release.key', 'release.pub']),
    ],
)
def test_init_makes_a_missing_pair_and_leaves_the_other(
    fleet: CertificateFolder, gone: tuple[str, ...], made: list[str]
) -> None:
    before = texts(fleet.path)
    for name in gone:
        (fleet.path / name).unlink()
    assert fleet.init(LATER) == made
    after = texts(fleet.path)
    assert {path.name for path in after if after[path] != before[path]} == set(gone)


@pytest.mark.parametrize('name', ['ca.key', 'ca.pem', 'release.key', 'release.pub'])
def test_half_a_pair_is_refused(fleet: CertificateFolder, name: str) -> None:
    (fleet.path / name).unlink()
    before = texts(fleet.path)
    with pytest.raises(ConfigError, match=r'expected \S+ and \S+, or neither'):
        fleet.init(LATER)
    with pytest.raises(ConfigError, match=r'expected \S+ and \S+, or neither'):
        fleet.issue_robot('spot', NOW)
    assert texts(fleet.path) == before


def test_a_robot_gets_these_files(fleet: CertificateFolder) -> None:
    made = fleet.issue_robot('spot', NOW)
    assert made == fleet.path / 'robots' / 'spot'
    public = {'cert.pem': 0o644, 'ca.pem': 0o644, 'release.pub': 0o644}
    assert files(made) == {**public, 'key.pem': 0o600}
    assert (made / 'ca.pem').read_bytes() == (fleet.path / 'ca.pem').read_bytes()


def test_a_server_gets_these_files(fleet: CertificateFolder) -> None:
    made = fleet.issue_server('hall', ['localhost'], NOW)
    assert made == fleet.path / 'servers' / 'hall'
    private = {'key.pem': 0o600, 'release.key': 0o600}
    assert files(made) == {**private, 'cert.pem': 0o644, 'ca.pem': 0o644}


def test_the_robot_can_check_what_the_server_signs(fleet: CertificateFolder) -> None:
    robot = fleet.issue_robot('spot', NOW)
    server = fleet.issue_server('hall', ['localhost'], NOW)
    signature = load_private_key('key', server / 'release.key').sign(b'text')
    load_public_key('key', robot / 'release.pub').verify(signature, b'text')


def test_a_renewal_moves_the_old_folder_away(fleet: CertificateFolder) -> None:
    made = fleet.issue_robot('spot', NOW)
    replaced = fleet.path / 'old' / 'robots' / 'spot'
    first = serial(made)
    fleet.issue_robot('spot', LATER)
    second = serial(made)
    assert len({first, second}) == 2
    assert serial(replaced) == first
    fleet.issue_robot('spot', LATER)
    assert serial(replaced) == second
    assert files(replaced) == files(made)
    assert [path.name for path in made.parent.iterdir()] == ['spot']


def test_what_a_killed_run_left_does_not_hinder(fleet: CertificateFolder) -> None:
    left = fleet.path / 'robots' / '.spot.new'
    left.mkdir(parents=True)
    (left / 'key.pem').write_text('half')
    made = fleet.issue_robot('spot', NOW)
    assert not left.exists()
    assert (made / 'key.pem').read_text().startswith('-----BEGIN PRIVATE KEY-----\n')


def test_a_refused_renewal_leaves_all_as_it_was(fleet: CertificateFolder) -> None:
    fleet.issue_robot('spot', NOW)
    before = texts(fleet.path)
    with pytest.raises(ConfigError, match='--days'):
        fleet.issue_robot('spot', NOW, 0)
    with pytest.raises(ConfigError, match='robot name'):
        fleet.issue_robot('../spot', NOW)
    assert texts(fleet.path) == before


@pytest.mark.parametrize('make', [False, True])
def test_a_folder_that_init_did_not_make_is_refused(tmp_path: Path, make: bool) -> None:
    path = tmp_path / 'fleet'
    if make:
        path.mkdir()
    with pytest.raises(ConfigError, match='DIR: expected a folder made with laecips certs init'):
        CertificateFolder(path).issue_robot('spot', NOW)
    assert not path.exists() or not list(path.iterdir())


def test_a_place_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'fleet').write_text('')
    with pytest.raises(ConfigError, match='DIR: expected a folder that can be made'):
        CertificateFolder(tmp_path / 'fleet').init(NOW)


def test_a_folder_in_the_way_is_refused(fleet: CertificateFolder) -> None:
    (fleet.path / 'robots').write_text('')
    with pytest.raises(ConfigError, match='DIR: expected a folder to write to'):
        fleet.issue_robot('spot', NOW)


def test_the_key_of_another_authority_is_refused(fleet: CertificateFolder, tmp_path: Path) -> None:
    other = CertificateFolder(tmp_path / 'other')
    other.init(NOW)
    (fleet.path / 'ca.key').write_bytes((other.path / 'ca.key').read_bytes())
    with pytest.raises(ConfigError, match=r'ca\.key: expected the key of ca\.pem'):
        fleet.issue_robot('spot', NOW)
    (fleet.path / 'ca.key').write_bytes((other.path / 'release.key').read_bytes())
    with pytest.raises(ConfigError, match=r'ca\.key: expected the key of ca\.pem'):
        fleet.issue_robot('spot', NOW)


@pytest.mark.parametrize(
    ('name', 'match'),
    [('ca.key', 'expected a private key in PEM'), ('ca.pem', 'expected an undamaged certificate')],
)
def test_a_damaged_authority_is_refused(fleet: CertificateFolder, name: str, match: str) -> None:
    (fleet.path / name).write_text('damaged')
    with pytest.raises(ConfigError, match=match):
        fleet.issue_robot('spot', NOW)


def test_parties_are_listed_with_role_hosts_and_expiry(fleet: CertificateFolder) -> None:
    fleet.issue_server('hall', ['hall.example', '192.0.2.7'], NOW, 30)
    fleet.issue_robot('spot', NOW, 20)
    fleet.issue_robot('rex', NOW, 10)
    found = [(p.name, p.role, p.hosts, p.left(NOW).days) for p in fleet.parties()]
    assert found == [
        ('CA', 'CA', (), 3652),
        ('rex', 'robot', (), 10),
        ('spot', 'robot', (), 20),
        ('hall', 'server', ('hall.example', '192.0.2.7'), 30),
    ]


def test_a_certificate_that_cannot_be_read_is_named(fleet: CertificateFolder) -> None:
    made = fleet.issue_robot('spot', NOW)
    (made / 'cert.pem').write_text('damaged')
    with pytest.raises(ConfigError, match=r'undamaged certificate in PEM, got .*spot/cert\.pem'):
        fleet.parties()
    (made / 'cert.pem').unlink()
    with pytest.raises(ConfigError, match=r'expected a file that can be read, got .*spot/cert\.'):
        fleet.parties()


def test_a_robots_certificate_in_a_servers_place_is_named(fleet: CertificateFolder) -> None:
    server = fleet.issue_server('hall', ['localhost'], NOW)
    (server / 'cert.pem').write_bytes((fleet.path / 'ca.pem').read_bytes())
    with pytest.raises(ConfigError, match='expected one of laecips certs server'):
        fleet.parties()
