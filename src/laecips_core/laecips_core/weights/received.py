"""An update on its way to a robot: bytes of a transfer in, checked weights out."""

from __future__ import annotations

from dataclasses import replace

from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.delta import apply_delta
from laecips_core.weights.delta import delta_digests
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.facts import ENCODING
from laecips_core.weights.facts import VERSION_DIGITS
from laecips_core.weights.transfer import DELTA_ENCODING
from laecips_core.weights.transfer import WeightDownload

_WEIGHTS = ('model', 'version', 'parent', 'catalogue_sha256', 'tensors_sha256')
_RELEASE = ('release', 'expires_ns', 'signature')
_SHOWN = 100


class DeltaError(WeightsError):
    """A delta does not give the weights announced; they have to be sent whole."""

    code = 'bad_delta'


def same_release(one: WeightManifest, other: WeightManifest) -> bool:
    """
    Compare two announcements, whatever transfers of them may be like.

    :param one: an announcement.
    :param other: another.
    """
    return all(getattr(one, name) == getattr(other, name) for name in (*_WEIGHTS, *_RELEASE))


def is_child(manifest: WeightManifest, before: WeightManifest | None) -> bool:
    """
    Tell whether a version was trained from the one announced before it.

    :param manifest: an announcement.
    :param before: the one before it; None: there was none.
    """
    return before is not None and manifest.parent == before.version


class IncomingUpdate:
    """
    One announced version on its way. Ask for ``offset``, ``add`` what comes, then ``finish``.

    The first answer says what is being sent: a delta to the weights held, or a whole payload.
    """

    def __init__(
        self, announced: WeightManifest, held: WeightUpdate | None, max_bytes: int
    ) -> None:
        """
        Start empty.

        :param announced: the version; whether it may be taken was checked before.
        :param held: weights that a delta may start from; None: it has to be sent whole.
        :param max_bytes: largest payload accepted, as announced, sent, or unpacked.
        :raises WeightsError: when the announced size is out of bounds, or no digest is announced.
        """
        if announced.tensors_sha256[:VERSION_DIGITS] != announced.version or not announced.version:
            raise DigestError('announced version', announced.tensors_sha256, announced.version)
        self.announced, self._held, self._max_bytes = announced, held, max_bytes
        self._download = WeightDownload(announced, max_bytes)
        self._described = False

    @property
    def have_version(self) -> str:
        """Version that a delta may start from; empty: none may be sent."""
        return '' if self._held is None else self._held.manifest.version

    @property
    def sha256(self) -> str:
        """Digest of the bytes under way; empty before the first answer."""
        return self._download.manifest.sha256 if self._described else ''

    @property
    def offset(self) -> int:
        """First byte still wanted."""
        return self._download.offset

    @property
    def complete(self) -> bool:
        """Whether every byte is there."""
        return self._described and self._download.complete

    def add(self, manifest: WeightManifest, offset: int, chunk: bytes) -> None:
        """
        Take an answer; one that is refused leaves all as it was.

        :param manifest: what is being sent; untrusted.
        :param offset: first byte of the chunk.
        :param chunk: its bytes.
        :raises WeightsError: when it is not the announced version, too large, of an encoding not
            asked for, or not the next chunk.
        :raises DigestError: when the chunk belongs to other bytes than the first one.
        """
        if self._described and manifest.sha256 != self.sha256:
            raise DigestError(
                'sha256 of the bytes under way', self.sha256, manifest.sha256, 'start again'
            )
        download = self._download if self._described else self._opened(manifest)
        download.add(offset, chunk)
        self._download, self._described = download, True

    def finish(self) -> WeightUpdate:
        """
        Give the announced weights.

        :returns: a whole payload with its manifest, release and signature as announced.
        :raises DeltaError: when a delta does not give them.
        :raises WeightsError: when the payload is damaged, or holds others.
        """
        if self._download.manifest.encoding != DELTA_ENCODING:
            return self._checked(self._download.finish())
        try:
            return self._checked(self._applied(self._download.finish().payload))
        except WeightsError as error:
            what = f'delta from {self.have_version}'
            got = f'[{error}]'
            raise DeltaError(what, self.announced.version, got, 'send it whole') from error

    def _opened(self, manifest: WeightManifest) -> WeightDownload:
        for name in (*_WEIGHTS, *_RELEASE):
            self._compare(name, manifest)
        allowed = [ENCODING] if self._held is None else [ENCODING, DELTA_ENCODING]
        if manifest.encoding not in allowed:
            raise WeightsError('encoding under way', ' or '.join(allowed), manifest.encoding)
        return WeightDownload(manifest, self._max_bytes)

    def _applied(self, delta: bytes) -> WeightUpdate:
        if self._held is None:
            raise WeightsError('delta', 'weights to start from', 'none')
        found = delta_digests(delta)[1]
        if found != self.announced.tensors_sha256:
            raise DigestError('result of the delta', self.announced.tensors_sha256, found)
        child = apply_delta(decode(self._held, self._max_bytes), delta, self._max_bytes)
        # A delta has no header: the payload is written anew, without notes.
        return encode(
            child,
            model=self.announced.model,
            catalogue=catalogue_of(self._held),
            parent=self.announced.parent,
        )

    def _checked(self, update: WeightUpdate) -> WeightUpdate:
        for name in _WEIGHTS:
            self._compare(name, update.manifest)
        decode(update, self._max_bytes)
        release = {name: getattr(self.announced, name) for name in _RELEASE}
        return WeightUpdate(replace(update.manifest, **release), update.payload)

    def _compare(self, name: str, manifest: WeightManifest) -> None:
        expected, got = getattr(self.announced, name), getattr(manifest, name)
        if got != expected:
            raise WeightsError(f'{name} of what is sent', repr(expected), repr(got)[:_SHOWN])
