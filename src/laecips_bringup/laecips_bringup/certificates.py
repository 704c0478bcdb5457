"""
A small certificate authority for one fleet: X.509, EC P-256, SHA-256; no files, no clock.

Everyone trusts the authority; what a certificate may be used for tells robots from servers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
import ipaddress
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.oid import NameOID

from laecips_core.errors import ConfigError

AUTHORITY_DAYS = 3652
"""Ten years."""

PARTY_DAYS = 365

CLOCK_SLACK = timedelta(hours=1)
"""Certificates hold from this long before they are made: clocks of robots go wrong."""

_NAME = re.compile(r'[a-z0-9][a-z0-9_-]{0,62}')
_DNS_LABEL = re.compile(r'[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?')
_MAX_DNS_LENGTH = 253


@dataclass(frozen=True)
class Credentials:
    """
    A certificate with its private key.

    :param certificate: the public half, signed.
    :param key: the secret half.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """Write the certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """Write the key as PEM (PKCS8), not encrypted: a bridge starts without a person."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def new_authority(now: datetime) -> Credentials:
    """
    Make a certificate authority that may sign parties, and no further authority.

    :param now: with time zone; it holds for AUTHORITY_DAYS from then on.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    # The serial number in the name: two authorities of one fleet must never be mixed up.
    serial = x509.random_serial_number()
    name = _name(f'laecips CA {serial:x}'[:24])
    until = now + timedelta(days=AUTHORITY_DAYS)
    builder = _builder(name, name, key.public_key(), serial, now, until)
    builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    return Credentials(builder.sign(key, hashes.SHA256()), key)


def robot_credentials(
    authority: Credentials, name: str, now: datetime, days: int = PARTY_DAYS
) -> Credentials:
    """
    Make a certificate with which a robot opens links, and cannot accept any.

    :param authority: signs it.
    :param name: the robot's name; it becomes the common name.
    :param now: with time zone.
    :param days: how long it holds, at most as long as the authority's own.
    :raises ConfigError: when a value is out of bounds, or the authority has expired.
    """
    alternative = [x509.UniformResourceIdentifier(f'urn:laecips:robot:{_checked("robot", name)}')]
    return _party(authority, name, alternative, ExtendedKeyUsageOID.CLIENT_AUTH, now, days)


def server_credentials(
    authority: Credentials,
    name: str,
    hosts: Sequence[str],
    now: datetime,
    days: int = PARTY_DAYS,
) -> Credentials:
    """
    Make a certificate with which a server accepts links, and cannot open any.

    :param authority: signs it.
    :param name: the server's name; it becomes the common name.
    :param hosts: DNS names and IP addresses under which robots reach it, at least one.
    :param now: with time zone.
    :param days: how long it holds, at most as long as the authority's own.
    :raises ConfigError: when a value is out of bounds, or the authority has expired.
    """
    if not hosts:
        raise ConfigError('--host', hosts, 'at least one DNS name or IP address')
    alternative = [_host(host) for host in hosts]
    _checked('server', name)
    return _party(authority, name, alternative, ExtendedKeyUsageOID.SERVER_AUTH, now, days)


def _party(
    authority: Credentials,
    name: str,
    alternative: Sequence[x509.GeneralName],
    usage: x509.ObjectIdentifier,
    now: datetime,
    days: int,
) -> Credentials:
    last = authority.certificate.not_valid_after_utc
    if now >= last:
        raise ConfigError('CA', f'expired on {last:%Y-%m-%d}', 'one that holds: make a new one')
    if not 1 <= days <= AUTHORITY_DAYS:
        raise ConfigError('--days', days, f'int in [1, {AUTHORITY_DAYS}]')
    key = ec.generate_private_key(ec.SECP256R1())
    until = min(now + timedelta(days=days), last)
    issuer, serial = authority.certificate.subject, x509.random_serial_number()
    builder = _builder(_name(name), issuer, key.public_key(), serial, now, until)
    identifier = authority.certificate.extensions.get_extension_for_class(
        x509.SubjectKeyIdentifier
    ).value
    for extension, critical in (
        (x509.BasicConstraints(False, None), True),
        (_key_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([usage]), False),
        (x509.SubjectAlternativeName(alternative), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ):
        builder = builder.add_extension(extension, critical)
    return Credentials(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    serial: int,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer)
    builder = builder.public_key(key).serial_number(serial)
    builder = builder.not_valid_before(now - CLOCK_SLACK).not_valid_after(until)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _checked(kind: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError(f'{kind} name', name, '1 to 63 of a-z, 0-9, _ and -, not _ or - first')
    return name


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        labels = host.split('.')
    named = all(_DNS_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
    if not named or len(host) > _MAX_DNS_LENGTH:
        raise ConfigError('--host', host, 'a DNS name or an IP address')
    return x509.DNSName(host.lower())
