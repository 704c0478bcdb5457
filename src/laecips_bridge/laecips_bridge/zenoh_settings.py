"""The settings of Zenoh on both sides: two connections, priorities, mutual TLS, nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import json
import os
from pathlib import Path

import zenoh

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.bridge_config import LinkConfig
from laecips_bridge.keys import ROOT

Settings = Mapping[str, object]

# Zenoh's TLS leaves the end of a message in its own memory when the kernel's buffer is full,
# until the next message comes (1.10): so the buffer holds a message, and pacing.py sets the pace.
_SEND_BUFFER_BYTES = 2_097_152
_KEEP_ALIVES = 8
_ENVELOPE_BYTES = 65_536
URGENT, BACKGROUND = (0, 5), (6, 7)
PRIORITIES = (URGENT, BACKGROUND)
"""Zenoh's priorities on each of the two connections: hard frames and heartbeats, and the rest."""

# Zenoh has five pools of threads, and a packet that arrives wakes two of them. A thin link keeps
# one thread less than busy: that costs half the processor time for a hard frame.
_ONE_THREAD = (
    '(rx:(handover:acc),tx:(handover:acc),net:(handover:acc),app:(handover:acc),'
    'acc:(worker_threads:1))'
)

_MESSAGES = (
    'put',
    'query',
    'reply',
    'declare_queryable',
    'declare_subscriber',
)


def robot_settings(config: BridgeConfig) -> Settings:
    """
    Give the robot's settings: one connection, to its server.

    :param config: checked settings of the bridge.
    """
    link = config.link
    timeout_ms = round(1000 * link.connect_timeout_s)
    return {
        **_common(link, config.limits.max_answer_bytes),
        'mode': 'peer',
        'listen/endpoints': [],
        # Two connections of one session: a mask never waits in one socket with weights.
        'connect/endpoints': [
            f'{_protocol(link)}/{link.connect}?prio={low}-{high}' for low, high in PRIORITIES
        ],
        'open/return_conditions/connect_scouted': False,
        # We try again by ourselves, and know then why it failed.
        'connect/timeout_ms': timeout_ms,
        'connect/exit_on_failure': True,
        'transport/unicast/open_timeout': timeout_ms,
        **_tls(link, 'connect'),
    }


def server_settings(config: BridgeConfig) -> Settings:
    """
    Give the server's settings: it listens, and each robot may use its own keys alone.

    :param config: checked settings of the bridge.
    """
    link = config.link
    settings = {
        **_common(link, config.limits.max_frame_bytes),
        'mode': 'router',
        'listen/endpoints': [f'{_protocol(link)}/{link.listen}'],
        **_tls(link, 'listen'),
    }
    if link.security == 'tls':
        settings['access_control'] = _access(link.robot_names)
    return settings


def open_session(settings: Settings) -> zenoh.Session:
    """
    Open a session; blocks until it stands. ``ZENOH_RUNTIME`` changes Zenoh's threads.

    :param settings: of one of the sides.
    :raises zenoh.ZError: when nobody answers, or the certificate is refused.
    """
    os.environ.setdefault('ZENOH_RUNTIME', _ONE_THREAD)
    config = zenoh.Config()
    for name, value in settings.items():
        config.insert_json5(name, json.dumps(value))
    return zenoh.open(config)


def _common(link: LinkConfig, max_bytes: int) -> dict[str, object]:
    return {
        'scouting/multicast/enabled': False,
        'scouting/gossip/enabled': False,
        'scouting/delay': 0,
        # Two sides on one machine must see the network that they would see on two.
        'transport/shared_memory/enabled': False,
        'transport/unicast/max_links': len(PRIORITIES),
        'transport/link/tx/lease': round(1000 * link.down_after_s),
        'transport/link/tx/keep_alive': _KEEP_ALIVES,
        'transport/link/rx/max_message_size': max_bytes + _ENVELOPE_BYTES,
    }


def _tls(link: LinkConfig, side: str) -> dict[str, object]:
    buffers = {'so_sndbuf': _SEND_BUFFER_BYTES}
    if link.security == 'plain':
        return {'transport/link/tcp': buffers}
    return {
        'transport/link/tls': {
            'root_ca_certificate': _path(link.ca),
            f'{side}_certificate': _path(link.certificate),
            f'{side}_private_key': _path(link.key),
            'enable_mtls': True,
            'close_link_on_expiration': True,
            **buffers,
        }
    }


def _access(robots: Sequence[str]) -> dict[str, object]:
    return {
        'enabled': True,
        'default_permission': 'deny',
        'rules': [
            {
                'id': f'keys of {robot}',
                'key_exprs': [f'{ROOT}/{robot}/**'],
                'messages': list(_MESSAGES),
                'flows': ['ingress', 'egress'],
                'permission': 'allow',
            }
            for robot in robots
        ],
        'subjects': [{'id': robot, 'cert_common_names': [robot]} for robot in robots],
        'policies': [{'rules': [f'keys of {robot}'], 'subjects': [robot]} for robot in robots],
    }


def _protocol(link: LinkConfig) -> str:
    return 'tls' if link.security == 'tls' else 'tcp'


def _path(text: str) -> str:
    return str(Path(text).expanduser())
