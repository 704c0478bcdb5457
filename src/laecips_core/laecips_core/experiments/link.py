"""A link as two numbers: what a frame waits for besides computing."""

from __future__ import annotations

from dataclasses import dataclass

from laecips_core.setting import setting


@dataclass(frozen=True)
class LinkConfig:
    """The link between edge and cloud, modelled: no packet is lost, nothing else uses it."""

    mbit_per_s: float = setting(
        4.0, 'Rate in each direction, Mbit/s; the paper has 4.', low=1e-3, high=1e6
    )
    round_trip_ms: float = setting(20.0, 'Round-trip time, milliseconds.', low=0.0, high=1e5)

    def transfer_s(self, up_bytes: int, down_bytes: int) -> float:
        """
        Give the time that request and answer spend on the link.

        :param up_bytes: encoded frame.
        :param down_bytes: encoded answer.
        :returns: seconds: bytes over rate, plus one round trip.
        """
        return (up_bytes + down_bytes) * 8e-6 / self.mbit_per_s + self.round_trip_ms * 1e-3
