"""Which announcements a robot takes: signed, not older than one seen, not one that failed here."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
import threading

from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.weights.signing import ReleaseVerifier


class ReturnedReleaseError(WeightsError):
    """A release is announced that this robot has returned from."""

    code = 'returned_release'


@dataclass(frozen=True)
class SeenReleases:
    """
    What a robot must remember of announcements, also when it is off.

    :param release: the highest signed one ever seen; 0: none.
    :param version: of that release.
    :param refused_release: the one last returned from; 0 where it was unsigned.
    :param refused_version: of that release; empty: none.
    """

    release: int = 0
    version: str = ''
    refused_release: int = 0
    refused_version: str = ''


class ReleaseGuard:
    """Judges announcements; safe to use from several threads."""

    def __init__(
        self,
        verifier: ReleaseVerifier | None,
        model: str,
        catalogue_sha256: str,
        seen: SeenReleases,
    ) -> None:
        """
        Start with what was seen before.

        :param verifier: checks signatures; None: unsigned announcements are taken, and nothing of
            a release is checked but whether this robot has returned from it.
        :param model: the edge model that runs here.
        :param catalogue_sha256: the classes here, 64 hex digits.
        :param seen: what the robot remembers.
        """
        self._verifier, self._model, self._catalogue = verifier, model, catalogue_sha256
        self._seen = seen
        self._lock = threading.Lock()

    @property
    def seen(self) -> SeenReleases:
        """What the robot has to remember from now on."""
        return self._seen

    def check(self, manifest: WeightManifest, now_ns: int) -> None:
        """
        Refuse an announcement, or remember it.

        :param manifest: the announcement; untrusted.
        :param now_ns: time after the Unix epoch.
        :raises SignatureError: when it is not signed as it must be.
        :raises ExpiredReleaseError: when its time is over.
        :raises OldReleaseError: when a newer one was seen.
        :raises ReturnedReleaseError: when this robot has returned from it.
        :raises WeightsError: when it is of another model.
        :raises CatalogueMismatchError: when it is of other classes.
        """
        with self._lock:
            seen = self._seen
            self._verify(manifest, seen.release, seen.version, now_ns)
            refused = seen.refused_release, seen.refused_version
            if (manifest.release, manifest.version) == refused:
                got = f'release {manifest.release}, which failed on this robot'
                raise ReturnedReleaseError('announcement', 'another release', got, 'release anew')
            if self._verifier is not None:
                seen = SeenReleases(manifest.release, manifest.version)
            self._seen = replace(seen, refused_release=0, refused_version='')

    def check_begun(self, manifest: WeightManifest, now_ns: int) -> None:
        """
        Refuse a release whose download is over; it was checked when it was announced.

        Later releases do not count: it may have been followed by others on the way.

        :param manifest: the announcement.
        :param now_ns: time after the Unix epoch.
        :raises ExpiredReleaseError: when its time is over.
        :raises WeightsError: as :meth:`check`.
        """
        self._verify(manifest, 0, '', now_ns)

    def check_installed(self, manifest: WeightManifest) -> None:
        """
        Refuse weights on the robot's own disk that were not signed for it.

        Neither their age nor later releases count: they were taken when their time was.

        :param manifest: what was written down of them.
        :raises WeightsError: as :meth:`check`.
        """
        self._verify(manifest, 0, '', 0)

    def refuse(self, manifest: WeightManifest) -> None:
        """
        Take a release no more, until another is announced.

        :param manifest: the release.
        """
        with self._lock:
            self._seen = replace(
                self._seen,
                refused_release=manifest.release,
                refused_version=manifest.version,
            )

    def _verify(self, manifest: WeightManifest, release: int, version: str, now_ns: int) -> None:
        if self._verifier is not None:
            self._verifier.check(
                manifest,
                model=self._model,
                catalogue_sha256=self._catalogue,
                newest_release=release,
                newest_version=version,
                now_ns=now_ns,
            )
