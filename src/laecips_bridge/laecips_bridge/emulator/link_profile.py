"""What an emulated link is like."""

from __future__ import annotations

from dataclasses import dataclass

from laecips_core.errors import ConfigError
from laecips_core.setting import check_value
from laecips_core.setting import setting
from laecips_core.setting import settings_of

MTU_BYTES = 1500
"""Largest packet on the link, IP header included."""


@dataclass(frozen=True)
class LinkProfile:
    """
    A link between robot and server; both directions are alike and share nothing.

    :raises ConfigError: when a value is out of bounds, or the jitter larger than the delay.
    """

    rate_bytes_per_s: float = setting(
        500_000.0, 'bytes per second of each direction', low=1_000.0, high=125e6
    )
    delay_s: float = setting(0.0, 'one way, after the last byte was sent', low=0.0, high=10.0)
    jitter_s: float = setting(
        0.0, 'added to the delay, uniform in plus or minus this; order is kept', low=0.0, high=10.0
    )
    loss_ratio: float = setting(0.0, 'share of the packets that is lost', low=0.0, high=1.0)
    queue_bytes: int = setting(
        64_000, 'bytes that may wait to be sent, the packet being sent included', low=MTU_BYTES
    )
    seed: int = setting(0, 'of loss and jitter', low=0)

    def __post_init__(self) -> None:
        """Check it."""
        for name, value, fact in settings_of(self, 'link.'):
            check_value(name, value, int if name in _WHOLE else float, fact)
        if self.jitter_s > self.delay_s:
            allowed = f'at most delay_s, {self.delay_s:g}: no packet arrives before it was sent'
            raise ConfigError('link.jitter_s', self.jitter_s, allowed)


_WHOLE = frozenset({'link.queue_bytes', 'link.seed'})
