"""Weights versions, ready to run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
import threading

from laecips_core.pipeline.edge import EdgeParts
from laecips_core.values import WeightUpdate


class LoadedVersions:
    """
    The few weights versions that edges use now, loaded; least recently used goes first.

    Safe for use from several threads.

    :param get: gives the weights of a version, or raises UnknownVersionError.
    :param load: makes a version ready to run.
    :param keep: how many stay loaded.
    """

    def __init__(
        self,
        get: Callable[[str], WeightUpdate],
        load: Callable[[WeightUpdate], EdgeParts],
        keep: int,
    ) -> None:
        """Start with none loaded."""
        self._get = get
        self._load = load
        self._keep = keep
        self._loaded: OrderedDict[str, EdgeParts] = OrderedDict()
        self._lock = threading.Lock()

    def parts_of(self, version: str) -> EdgeParts:
        """
        Give model and miner of a version, loading them when needed.

        :param version: the version.
        :raises UnknownVersionError: when it is not held.
        """
        with self._lock:
            parts = self._loaded.pop(version, None) or self._load(self._get(version))
            self._loaded[version] = parts
            while len(self._loaded) > self._keep:
                self._loaded.popitem(last=False)
            return parts
