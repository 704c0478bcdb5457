"""Means over seeds, and how well a few seeds know them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math

CONFIDENCE = 0.95
"""Share of such intervals that hold the true mean, where values are normally distributed."""

_ABSENT = '–'
_BISECTIONS = 60


@dataclass(frozen=True)
class Interval:
    """
    A mean with its confidence interval.

    :param mean: of the values.
    :param half_width: the interval reaches from mean − half_width to mean + half_width; None with
        one value, which says nothing about how far others lie.
    :param count: number of values.
    """

    mean: float
    half_width: float | None
    count: int

    def text(self, digits: int = 3, *, scale: float = 1.0, signed: bool = False) -> str:
        """
        Write it as people read it, such as ``0.412 ± 0.008``.

        :param digits: behind the point.
        :param scale: what mean and half width are multiplied by.
        :param signed: whether a mean above 0 gets a plus sign.
        """
        # A tiny negative mean is no '-0.000'.
        mean = round(scale * self.mean, digits) + 0.0
        text = f'{mean:{"+" if signed and mean > 0.0 else ""}.{digits}f}'
        if self.half_width is None:
            return text
        return f'{text} ± {scale * self.half_width:.{digits}f}'


def interval_text(
    interval: Interval | None, digits: int = 3, *, scale: float = 1.0, signed: bool = False
) -> str:
    """
    Write an interval, or a dash where there is none.

    :param interval: None where there was nothing to average.
    :param digits: behind the point.
    :param scale: what mean and half width are multiplied by.
    :param signed: whether a mean above 0 gets a plus sign.
    """
    if interval is None:
        return _ABSENT
    return interval.text(digits, scale=scale, signed=signed)


def mean_interval(values: Sequence[float]) -> Interval | None:
    """
    Average values with Student's interval of 95 %.

    :param values: one for each seed.
    :returns: None without values, or when one is not a number: a mean of the others would be of
        another experiment.
    """
    if not values or any(math.isnan(value) for value in values):
        return None
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean, None, 1)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return Interval(mean, student_quantile(count - 1) * math.sqrt(variance / count), count)


def paired_difference(
    values: Mapping[int, float], baseline: Mapping[int, float]
) -> Interval | None:
    """
    Average the differences seed by seed: what both share on a seed drops out.

    :param values: by seed.
    :param baseline: by seed, taken off; seeds that only one has are left out, see ``count``.
    :returns: None when no seed is in both, or a value is not a number.
    """
    seeds = sorted(values.keys() & baseline.keys())
    return mean_interval([values[seed] - baseline[seed] for seed in seeds])


def student_quantile(degrees: int, confidence: float = CONFIDENCE) -> float:
    """
    Find t with P(−t ≤ T ≤ t) = confidence for Student's T.

    :param degrees: degrees of freedom, 1 or more.
    :param confidence: in (0, 1).
    """
    low, high = 0.0, math.pi / 2.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        below = _central_probability(middle, degrees) < confidence
        low, high = (middle, high) if below else (low, middle)
    return math.sqrt(degrees) * math.tan((low + high) / 2.0)


def _central_probability(angle: float, degrees: int) -> float:
    """
    Give P(|T| ≤ t) with angle = arctan(t / √degrees).

    For whole degrees of freedom it is a finite sum: Abramowitz and Stegun, Handbook of
    Mathematical Functions, 26.7.3 and 26.7.4.
    """
    odd = degrees % 2
    sine, cosine = math.sin(angle), math.cos(angle)
    term = cosine if odd else 1.0
    total = 0.0 if degrees == 1 else term
    for power in range(2 + odd, degrees - 1, 2):
        term *= cosine * cosine * (power - 1) / power
        total += term
    return 2.0 / math.pi * (angle + sine * total) if odd else sine * total
