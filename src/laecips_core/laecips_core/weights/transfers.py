"""What a server sends for a version: the difference to what a robot holds, or the whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
import hashlib
import logging
from threading import Lock

from laecips_core.errors import UnknownVersionError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.transfer import DELTA_ENCODING

_KEPT_DELTAS = 8
_LOGGER = logging.getLogger(__name__)


class Transfers:
    """
    Makes each delta once and keeps the few used last; safe to use from several threads.

    A delta takes up to seconds to make. Calls meanwhile wait for it, so no thread that must
    answer soon should call.
    """

    def __init__(
        self,
        get: Callable[[str], WeightUpdate],
        decode: Callable[[WeightUpdate], ModelWeights],
        keep: int = _KEPT_DELTAS,
    ) -> None:
        """
        Start with no delta made.

        :param get: gives a version, or raises UnknownVersionError.
        :param decode: gives the numbers of an update.
        :param keep: deltas kept, at least 1.
        """
        self._get, self._decode, self._keep = get, decode, keep
        # None: it was found to be no smaller than the whole.
        self._deltas: OrderedDict[tuple[str, str], WeightUpdate | None] = OrderedDict()
        self._lock = Lock()

    def of(self, version: str, have_version: str = '') -> WeightUpdate:
        """
        Give what to send; the same bytes each time, as long as both versions are held.

        :param version: the version wanted.
        :param have_version: the version that the receiver holds; empty: none.
        :returns: the whole update, or a delta with DELTA_ENCODING where the receiver's version is
            held here and that is smaller; its manifest gives encoding, digest and size of the
            delta, and all else of the version wanted.
        :raises UnknownVersionError: when the version wanted is not held.
        """
        whole = self._get(version)
        if not have_version:
            return whole
        with self._lock:
            key = version, have_version
            if key not in self._deltas:
                self._deltas[key] = self._made(whole, have_version)
            self._deltas.move_to_end(key)
            while len(self._deltas) > self._keep:
                self._deltas.popitem(last=False)
            return self._deltas[key] or whole

    def _made(self, whole: WeightUpdate, have_version: str) -> WeightUpdate | None:
        version = whole.manifest.version
        try:
            parent = self._decode(self._get(have_version))
            data = encode_delta(parent, self._decode(whole))
        except UnknownVersionError:
            return None
        except WeightsError as error:  # of another form, such as without a miner
            _LOGGER.info('weights %s are sent whole to %s: %s', version, have_version, error)
            return None
        _LOGGER.info(
            'delta from %s to %s: %d bytes instead of %d',
            have_version,
            version,
            len(data),
            whole.manifest.size_bytes,
        )
        if len(data) >= whole.manifest.size_bytes:
            return None
        manifest = replace(
            whole.manifest,
            encoding=DELTA_ENCODING,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
        )
        return WeightUpdate(manifest, data)
