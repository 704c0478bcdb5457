"""Certificates that live as long as a measurement or a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import UTC
from pathlib import Path

from laecips_bringup.certificate_folder import CertificateFolder


@dataclass(frozen=True)
class BridgeFiles:
    """
    Settings of both bridges that name their certificates, and the release keys.

    :param robot: settings of the robot's bridge by dotted name.
    :param server: settings of the server's bridge by dotted name.
    :param release_public: key that the robot checks releases with.
    :param release_private: key that the server signs them with.
    """

    robot: dict[str, str]
    server: dict[str, str]
    release_public: Path
    release_private: Path


def bench_certificates(folder: Path, robot: str, host: str) -> BridgeFiles:
    """
    Make an authority, a robot's and a server's certificate.

    :param folder: where; a folder of its own is made in it.
    :param robot: name of the robot.
    :param host: name or address by which the robot calls the server.
    """
    now = datetime.now(UTC)
    fleet = CertificateFolder(folder / 'fleet')
    fleet.init(now)
    robot_folder = fleet.issue_robot(robot, now)
    server_folder = fleet.issue_server('server', [host], now)
    return BridgeFiles(
        bridge_settings(robot_folder),
        bridge_settings(server_folder),
        robot_folder / 'release.pub',
        server_folder / 'release.key',
    )


def bridge_settings(party: Path) -> dict[str, str]:
    """
    Give the settings that name a party's files.

    :param party: the folder made for it.
    """
    files = {'ca': 'ca.pem', 'certificate': 'cert.pem', 'key': 'key.pem'}
    return {f'link.{name}': str(party / file) for name, file in files.items()}
