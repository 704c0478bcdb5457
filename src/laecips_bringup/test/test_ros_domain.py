from __future__ import annotations

import os
import random
import socket

import pytest

from laecips_bringup.ros_domain import DOMAIN_IDS
from laecips_bringup.ros_domain import free_domain_id
from laecips_bringup.ros_domain import NoFreeDomainError
from laecips_bringup.ros_domain import private_domain


@pytest.mark.parametrize('port', [0, 10, 12, 72])
def test_domain_in_use_is_passed_over(port: int) -> None:
    first = free_domain_id(seed=5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as participant:
        participant.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        participant.bind(('', 7400 + 250 * first + port))
        assert free_domain_id(seed=5) != first


def test_domain_is_one_of_the_safe_ones() -> None:
    assert {free_domain_id(seed) for seed in range(5)} <= set(DOMAIN_IDS)


def test_no_free_domain_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('laecips_bringup.ros_domain._is_free', lambda port: False)
    with pytest.raises(NoFreeDomainError, match=r'expected a free one in 1\.\.101, got none'):
        free_domain_id(seed=0)


def test_environment_is_set_within_and_restored_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    monkeypatch.delenv('ROS_AUTOMATIC_DISCOVERY_RANGE', raising=False)
    with private_domain(random.Random(1).randrange(1000)) as domain_id:
        assert os.environ['ROS_DOMAIN_ID'] == str(domain_id)
        assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert os.environ['ROS_DOMAIN_ID'] == '7'
    assert 'ROS_AUTOMATIC_DISCOVERY_RANGE' not in os.environ
