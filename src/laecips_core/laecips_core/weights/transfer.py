"""Weights in chunks: the receiver pulls, so a cut download goes on where it was."""

from __future__ import annotations

from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import check_payload

MAX_CHUNK_BYTES = 65536
"""Largest chunk given, whatever is asked for; a larger one would delay frames on a thin link."""

DELTA_ENCODING = 'laecips-delta-1'
"""Encoding of a transfer that holds the difference to a version the receiver has."""


def chunk_of(update: WeightUpdate, offset: int, max_bytes: int, sha256: str = '') -> bytes:
    """
    Cut one chunk of a payload; the sender's side.

    :param update: the weights.
    :param offset: first byte wanted, in [0, size).
    :param max_bytes: at most this many bytes, at least 1; never more than MAX_CHUNK_BYTES come.
    :param sha256: payload digest of a download under way; empty at its start.
    :returns: the bytes; fewer than asked for only at the end.
    :raises WeightsError: when offset or max_bytes is out of bounds.
    :raises DigestError: when the download under way is of another payload.
    """
    if sha256 and sha256 != update.manifest.sha256:
        raise DigestError(
            'download sha256', update.manifest.sha256, sha256, 'start the download again'
        )
    if not 0 <= offset < len(update.payload):
        raise WeightsError('chunk offset', f'0 to {len(update.payload) - 1}', offset)
    if max_bytes < 1:
        raise WeightsError('chunk max_bytes', f'1 to {MAX_CHUNK_BYTES}', max_bytes)
    return update.payload[offset : offset + min(max_bytes, MAX_CHUNK_BYTES)]


class WeightDownload:
    """One payload on its way; the receiver's side. Ask for ``offset``, ``add`` what comes."""

    def __init__(self, manifest: WeightManifest, max_bytes: int) -> None:
        """
        Start empty.

        :param manifest: what was announced; untrusted.
        :param max_bytes: largest payload accepted.
        :raises WeightsError: when the announced size is above it, or below 1.
        """
        if not 1 <= manifest.size_bytes <= max_bytes:
            raise WeightsError(
                'announced size',
                f'1 to {max_bytes} bytes',
                manifest.size_bytes,
                'raise limits.max_update_bytes if this is meant',
            )
        self.manifest = manifest
        self._received = bytearray()

    @property
    def offset(self) -> int:
        """First byte still wanted."""
        return len(self._received)

    @property
    def complete(self) -> bool:
        """Whether every byte is there; their digest is checked by :meth:`finish`."""
        return self.offset == self.manifest.size_bytes

    def add(self, offset: int, chunk: bytes) -> None:
        """
        Take the next chunk.

        :param offset: its first byte in the payload.
        :param chunk: its bytes.
        :raises WeightsError: when it is empty, not the next one, or longer than what is left; the
            download stays as it was.
        """
        if offset != self.offset:
            raise WeightsError('chunk offset', self.offset, offset, f'ask for {self.offset}')
        left = self.manifest.size_bytes - self.offset
        if not 1 <= len(chunk) <= left:
            raise WeightsError('chunk', f'1 to {left} bytes', len(chunk), f'ask for {self.offset}')
        self._received += chunk

    def finish(self) -> WeightUpdate:
        """
        Give the update; ``decode`` still has to check what is inside.

        :raises WeightsError: when bytes are missing; add them and finish again.
        :raises DigestError: when the bytes are not those announced; start a new download.
        """
        check_payload(self._received, self.manifest)
        return WeightUpdate(self.manifest, bytes(self._received))
