from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ExpiredReleaseError
from laecips_core.errors import OldReleaseError
from laecips_core.errors import SignatureError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightManifest
from laecips_core.weights.acceptance import ReleaseGuard
from laecips_core.weights.acceptance import ReturnedReleaseError
from laecips_core.weights.acceptance import SeenReleases
from laecips_core.weights.encoding import encode
from laecips_core.weights.release_keys import write_release_keys
from laecips_core.weights.signing import ReleaseSigner
from laecips_core.weights.signing import ReleaseVerifier

CATALOGUE = ClassCatalogue(('sky', 'road'), ((1, 2, 3), (4, 5, 6)))
NOW_NS = 1000


def manifest(number: int, model: str = 'fast_scnn') -> WeightManifest:
    weights = ModelWeights({'layer': np.full((2, 2), number, np.float32)}, {})
    return encode(weights, model=model, catalogue=CATALOGUE).manifest


class Server:
    """Signs as the server does, and gives a robot that trusts it."""

    def __init__(self, folder: Path) -> None:
        write_release_keys(folder / 'key.pem', folder / 'pub.pem')
        self._signer = ReleaseSigner(folder / 'key.pem')
        self._verifier = ReleaseVerifier(folder / 'pub.pem')

    def release(self, of: WeightManifest, number: int, expires_ns: int = 0) -> WeightManifest:
        return self._signer.sign(of, release=number, expires_ns=expires_ns)

    def guard(self, seen: SeenReleases | None = None) -> ReleaseGuard:
        start = seen or SeenReleases()
        return ReleaseGuard(self._verifier, 'fast_scnn', CATALOGUE.sha256, start)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_a_signed_release_is_taken_and_remembered(server: Server) -> None:
    guard, release = server.guard(), server.release(manifest(1), 5)
    guard.check(release, NOW_NS)
    guard.check(release, NOW_NS)
    assert guard.seen == SeenReleases(5, release.version)


def test_an_older_release_is_refused_also_by_a_robot_that_was_off(server: Server) -> None:
    guard, newer = server.guard(), server.release(manifest(2), 6)
    guard.check(newer, NOW_NS)
    for robot in (guard, server.guard(guard.seen)):
        with pytest.raises(OldReleaseError):
            robot.check(server.release(manifest(1), 5), NOW_NS)
        assert robot.seen == SeenReleases(6, newer.version)


def test_a_rollback_is_a_new_release_of_old_weights(server: Server) -> None:
    guard = server.guard()
    for number, of in ((5, 1), (6, 2), (7, 1)):
        guard.check(server.release(manifest(of), number), NOW_NS)
    assert guard.seen == SeenReleases(7, manifest(1).version)


def test_what_is_refused_is_not_remembered(server: Server) -> None:
    guard, release = server.guard(), server.release(manifest(1), 5, expires_ns=NOW_NS)
    with pytest.raises(ExpiredReleaseError):
        guard.check(release, NOW_NS)
    with pytest.raises(SignatureError):
        guard.check(manifest(1), NOW_NS)
    with pytest.raises(SignatureError):
        guard.check(replace(release, release=99), NOW_NS)
    with pytest.raises(WeightsError, match='model'):
        guard.check(server.release(manifest(1, 'other'), 5), NOW_NS)
    with pytest.raises(CatalogueMismatchError):
        guard.check(
            server.release(replace(manifest(1), catalogue_sha256='0' * 64), 5),
            NOW_NS,
        )
    assert guard.seen == SeenReleases()


def test_a_release_returned_from_is_refused_until_a_newer_one(server: Server) -> None:
    guard, failed = server.guard(), server.release(manifest(2), 6)
    guard.check(failed, NOW_NS)
    guard.refuse(failed)
    for robot in (guard, server.guard(guard.seen)):
        with pytest.raises(ReturnedReleaseError, match='release 6, which failed on this robot'):
            robot.check(failed, NOW_NS)
        again = server.release(manifest(2), 7)
        robot.check(again, NOW_NS)
        assert robot.seen == SeenReleases(7, again.version)


def test_a_download_that_is_over_may_have_been_followed_but_not_have_expired(
    server: Server,
) -> None:
    guard = server.guard(SeenReleases(9, 'other'))
    begun = server.release(manifest(1), 8, expires_ns=NOW_NS + 1)
    guard.check_begun(begun, NOW_NS)
    with pytest.raises(ExpiredReleaseError):
        guard.check_begun(begun, NOW_NS + 1)
    with pytest.raises(SignatureError):
        guard.check_begun(manifest(1), NOW_NS)
    assert guard.seen == SeenReleases(9, 'other')


def test_weights_on_disk_need_a_signature_but_no_time(server: Server) -> None:
    guard = server.guard(SeenReleases(9, 'other'))
    guard.check_installed(server.release(manifest(1), 5, expires_ns=1))
    with pytest.raises(SignatureError):
        guard.check_installed(manifest(1))
    assert guard.seen == SeenReleases(9, 'other')


def test_without_a_key_only_what_failed_here_is_refused() -> None:
    guard = ReleaseGuard(None, 'fast_scnn', CATALOGUE.sha256, SeenReleases(9, 'other'))
    guard.check(manifest(1), NOW_NS)
    guard.check_installed(manifest(1))
    guard.refuse(manifest(1))
    with pytest.raises(ReturnedReleaseError):
        guard.check(manifest(1), NOW_NS)
    guard.check(manifest(2), NOW_NS)
    guard.check(manifest(1), NOW_NS)
    # What a key once vouched for is not forgotten meanwhile.
    assert guard.seen == SeenReleases(9, 'other')
