from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta
from datetime import UTC
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder
from cryptography.x509.verification import Store
from cryptography.x509.verification import VerificationError
import pytest

from laecips_bringup.certificates import Credentials
from laecips_bringup.certificates import new_authority
from laecips_bringup.certificates import robot_credentials
from laecips_bringup.certificates import server_credentials
from laecips_core.errors import ConfigError

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOSTS = ('hall.example', '192.0.2.7', '2001:db8::7')
AUTHORITY = new_authority(NOW)
OTHER = new_authority(NOW)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def policy(authority: Credentials, time: datetime) -> PolicyBuilder:
    return PolicyBuilder().store(Store([authority.certificate])).time(time)


def verify_robot(
    robot: Credentials, *, authority: Credentials = AUTHORITY, time: datetime = NOW
) -> Sequence[x509.GeneralName] | None:
    """Check a client as a library of its own does: chain, time, usage; give its names."""
    verifier = policy(authority, time).build_client_verifier()
    return verifier.verify(robot.certificate, []).subjects


def verify_server(
    server: Credentials,
    host: x509.DNSName | x509.IPAddress,
    *,
    authority: Credentials = AUTHORITY,
    time: datetime = NOW,
) -> list[x509.Certificate]:
    verifier = policy(authority, time).build_server_verifier(host)
    return verifier.verify(server.certificate, [])


def names_of(certificate: x509.Certificate) -> list[str | bytes]:
    return [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def test_a_robot_is_trusted_under_its_name() -> None:
    robot = robot_credentials(AUTHORITY, 'spot_2', NOW)
    assert names_of(robot.certificate) == ['spot_2']
    assert verify_robot(robot) == [x509.UniformResourceIdentifier('urn:laecips:robot:spot_2')]


def test_a_server_is_trusted_under_each_of_its_hosts() -> None:
    server = server_credentials(AUTHORITY, 'hall', HOSTS, NOW)
    assert names_of(server.certificate) == ['hall']
    addresses = [x509.IPAddress(ipaddress.ip_address(host)) for host in HOSTS[1:]]
    for host in (x509.DNSName('hall.example'), *addresses):
        assert verify_server(server, host) == [server.certificate, AUTHORITY.certificate]


@pytest.mark.parametrize(
    'host',
    [
        x509.DNSName('hall'),
        x509.DNSName('other.example'),
        x509.IPAddress(ipaddress.ip_address('192.0.2.8')),
    ],
)
def test_a_server_is_not_trusted_under_another_host(host: x509.DNSName | x509.IPAddress) -> None:
    with pytest.raises(VerificationError):
        verify_server(server_credentials(AUTHORITY, 'hall', HOSTS, NOW), host)


def test_another_authority_does_not_trust_them() -> None:
    with pytest.raises(VerificationError):
        verify_robot(robot_credentials(AUTHORITY, 'spot', NOW), authority=OTHER)
    with pytest.raises(VerificationError):
        verify_server(
            server_credentials(AUTHORITY, 'hall', HOSTS, NOW),
            x509.DNSName('hall.example'),
            authority=OTHER,
        )


def test_the_signature_of_another_key_under_the_same_name_is_not_trusted() -> None:
    forger = Credentials(AUTHORITY.certificate, OTHER.key)
    with pytest.raises(VerificationError):
        verify_robot(robot_credentials(forger, 'spot', NOW))


def test_a_robot_cannot_pose_as_a_server_nor_a_server_as_a_robot() -> None:
    with pytest.raises(VerificationError):
        verify_server(robot_credentials(AUTHORITY, 'hall', NOW), x509.DNSName('hall'))
    with pytest.raises(VerificationError):
        verify_robot(server_credentials(AUTHORITY, 'spot', HOSTS, NOW))


def test_a_robot_cannot_sign_another() -> None:
    robot = robot_credentials(AUTHORITY, 'spot', NOW)
    child = robot_credentials(robot, 'rex', NOW)
    verifier = policy(AUTHORITY, NOW).build_client_verifier()
    with pytest.raises(VerificationError):
        verifier.verify(child.certificate, [robot.certificate])


def test_a_certificate_holds_for_its_days_and_no_longer() -> None:
    robot = robot_credentials(AUTHORITY, 'spot', NOW, 10)
    for time in (NOW - timedelta(minutes=59), NOW + days(10)):
        assert verify_robot(robot, time=time)
    for time in (NOW - timedelta(minutes=61), NOW + days(10) + timedelta(seconds=1)):
        with pytest.raises(VerificationError):
            verify_robot(robot, time=time)


def test_by_default_a_year_and_the_authority_ten() -> None:
    robot = robot_credentials(AUTHORITY, 'spot', NOW)
    server = server_credentials(AUTHORITY, 'hall', HOSTS, NOW)
    assert robot.certificate.not_valid_after_utc == NOW + days(365)
    assert server.certificate.not_valid_after_utc == NOW + days(365)
    assert AUTHORITY.certificate.not_valid_after_utc == datetime(2040, 1, 1, tzinfo=UTC)


def test_no_certificate_outlives_its_authority() -> None:
    end = AUTHORITY.certificate.not_valid_after_utc
    robot = robot_credentials(AUTHORITY, 'spot', end - days(3), 365)
    assert robot.certificate.not_valid_after_utc == end


def test_an_expired_authority_signs_nothing() -> None:
    end = AUTHORITY.certificate.not_valid_after_utc
    with pytest.raises(ConfigError, match=r"CA: expected one that holds.*'expired on 2040-01-01'"):
        robot_credentials(AUTHORITY, 'spot', end)


@pytest.mark.parametrize('count', [-1, 0, 3653])
def test_days_out_of_bounds_are_refused(count: int) -> None:
    with pytest.raises(ConfigError, match=rf'--days: expected int in \[1, 3652\], got {count}'):
        robot_credentials(AUTHORITY, 'spot', NOW, count)


@pytest.mark.parametrize(
    'name', ['', '_a', '-a', 'Spot', 'a b', 'a/b', '..', 'a\n', 'ä', 'a' * 64, '*', 'a.b']
)
def test_a_name_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match='robot name: expected 1 to 63 of a-z'):
        robot_credentials(AUTHORITY, name, NOW)
    with pytest.raises(ConfigError, match='server name: expected 1 to 63 of a-z'):
        server_credentials(AUTHORITY, name, HOSTS, NOW)


@pytest.mark.parametrize(
    'host',
    [
        *('', '.', 'a..b', '-a', 'a-', 'a_b', '*.example', 'hall:7447', 'ä.b'),
        *('192.0.2.256', '1.2.3', 'a' * 64, '.'.join(['a' * 49] * 6)),
    ],
)
def test_a_host_of_another_form_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match='--host: expected a DNS name or an IP address'):
        server_credentials(AUTHORITY, 'hall', ['localhost', host], NOW)


def test_a_server_without_a_host_is_refused() -> None:
    with pytest.raises(ConfigError, match='--host: expected at least one'):
        server_credentials(AUTHORITY, 'hall', [], NOW)


def test_the_pem_texts_belong_together() -> None:
    robot = robot_credentials(AUTHORITY, 'spot', NOW)
    key = load_pem_private_key(robot.key_pem, None)
    certificate = x509.load_pem_x509_certificate(robot.certificate_pem)
    assert certificate == robot.certificate
    assert key.public_key() == certificate.public_key()


def test_no_two_share_a_key_or_a_number() -> None:
    both = [robot_credentials(AUTHORITY, 'spot', NOW) for _ in range(2)]
    assert len({one.certificate.serial_number for one in both}) == 2
    assert len({one.key_pem for one in both}) == 2
    assert AUTHORITY.certificate.subject != OTHER.certificate.subject
