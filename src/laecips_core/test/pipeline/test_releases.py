from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
import shutil

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import CloudConfig
from laecips_core.config import ReleaseConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import ExpiredReleaseError
from laecips_core.errors import OldReleaseError
from laecips_core.errors import SignatureError
from laecips_core.errors import WeightsError
from laecips_core.pipeline.releases import build_releases
from laecips_core.pipeline.releases import RELEASE_FILE
from laecips_core.pipeline.releases import Releases
from laecips_core.pipeline.releases import SignedReleases
from laecips_core.values import ModelWeights
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import encode
from laecips_core.weights.release_keys import write_release_keys
from laecips_core.weights.signing import ReleaseSigner
from laecips_core.weights.signing import ReleaseVerifier

CATALOGUE = ClassCatalogue(('road',), ((1, 2, 3),))
DAY_NS = 24 * 3600 * 10**9


def update(number: float) -> WeightUpdate:
    weights = ModelWeights({'a': np.full((2, 2), number)}, {})
    return encode(weights, model='net', catalogue=CATALOGUE)


ONE, TWO = update(1).manifest, update(2).manifest


class Clock:
    """Stands until it is set."""

    now_ns = 1000 * DAY_NS

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture(scope='module')
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('keys')
    write_release_keys(folder / 'private.pem', folder / 'public.pem')
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / RELEASE_FILE


def signed(keys: Path, path: Path, valid_days: int = 90, clock: Clock | None = None) -> Releases:
    signer = ReleaseSigner(keys / 'private.pem')
    return SignedReleases(signer, path, valid_days, clock or Clock())


def check(keys: Path, manifest: WeightManifest, now_ns: int = 0, newest: int = 0) -> None:
    ReleaseVerifier(keys / 'public.pem').check(
        manifest,
        model='net',
        catalogue_sha256=CATALOGUE.sha256,
        newest_release=newest,
        newest_version='',
        now_ns=now_ns,
    )


def test_without_a_key_a_manifest_is_announced_as_it_is() -> None:
    releases = build_releases(CloudConfig())
    assert type(releases) is Releases
    assert releases.announce(ONE) is ONE
    assert releases.stamped(update(1)) == update(1)
    assert not releases.due()


def test_a_robot_takes_what_is_announced(keys: Path, path: Path) -> None:
    announced = signed(keys, path).announce(ONE)
    check(keys, announced, now_ns=Clock.now_ns)
    unsigned = replace(announced, release=0, expires_ns=0, signature=b'')
    assert unsigned == ONE


def test_every_other_version_counts_up_and_a_rollback_does_too(keys: Path, path: Path) -> None:
    releases = signed(keys, path)
    numbers = [releases.announce(manifest).release for manifest in (ONE, ONE, TWO, TWO, ONE)]
    assert numbers == [1, 1, 2, 2, 3]
    with pytest.raises(OldReleaseError):
        check(keys, signed(keys, path).announce(ONE), newest=4)


def test_the_number_outlives_the_process(keys: Path, path: Path) -> None:
    releases = signed(keys, path)
    releases.announce(ONE)
    releases.announce(TWO)
    assert json.loads(path.read_text()) == {'number': 2, 'version': TWO.version}
    again = signed(keys, path)
    assert again.announce(TWO).release == 2
    assert signed(keys, path).announce(ONE).release == 3


def test_the_number_is_on_disk_before_it_is_told(keys: Path, path: Path) -> None:
    folder = path.parent / 'store'
    folder.mkdir()
    releases = signed(keys, folder / RELEASE_FILE)
    releases.announce(ONE)
    shutil.rmtree(folder)
    with pytest.raises(WeightsError, match=r'RELEASE\.json: expected a file that can be written'):
        releases.announce(TWO)
    assert releases.stamped(update(2)) == update(2)
    folder.mkdir()
    assert releases.announce(TWO).release == 2


def test_a_release_expires_after_its_days(keys: Path, path: Path) -> None:
    announced = signed(keys, path, valid_days=3).announce(ONE)
    assert announced.expires_ns == Clock.now_ns + 3 * DAY_NS
    check(keys, announced, now_ns=announced.expires_ns - 1)
    with pytest.raises(ExpiredReleaseError):
        check(keys, announced, now_ns=announced.expires_ns)


def test_zero_days_never_expire(keys: Path, path: Path) -> None:
    clock = Clock()
    releases = signed(keys, path, valid_days=0, clock=clock)
    assert releases.announce(ONE).expires_ns == 0
    clock.now_ns += 10**6 * DAY_NS
    assert not releases.due()


def test_a_release_is_due_again_at_half_its_time(keys: Path, path: Path) -> None:
    clock = Clock()
    releases = signed(keys, path, valid_days=4, clock=clock)
    assert not releases.due()
    first = releases.announce(ONE)
    clock.now_ns += 2 * DAY_NS - 1
    assert not releases.due()
    clock.now_ns += 1
    assert releases.due()
    renewed = releases.announce(ONE)
    assert (renewed.release, renewed.expires_ns) == (1, first.expires_ns + 2 * DAY_NS)
    check(keys, renewed, now_ns=first.expires_ns)
    assert not releases.due()


def test_a_transfer_of_the_announced_version_carries_its_release(keys: Path, path: Path) -> None:
    releases = signed(keys, path)
    announced = releases.announce(TWO)
    delta = replace(TWO, encoding='laecips-delta-1', sha256='5' * 64, size_bytes=3)
    sent = releases.stamped(WeightUpdate(delta, b'abc'))
    assert sent.payload == b'abc'
    assert sent.manifest == replace(
        announced, encoding='laecips-delta-1', sha256='5' * 64, size_bytes=3
    )
    check(keys, sent.manifest)
    assert releases.stamped(update(2)).manifest == announced


def test_a_transfer_of_another_version_carries_none(keys: Path, path: Path) -> None:
    releases = signed(keys, path)
    assert releases.stamped(update(1)) == update(1)
    releases.announce(TWO)
    assert releases.stamped(update(1)) == update(1)


def test_what_no_robot_would_take_is_not_announced(keys: Path, path: Path) -> None:
    releases = signed(keys, path)
    with pytest.raises(SignatureError, match='tensors_sha256'):
        releases.announce(replace(ONE, tensors_sha256=''))
    assert not path.exists()
    assert releases.announce(ONE).release == 1


@pytest.mark.parametrize(
    'text',
    [
        '',
        'x',
        '[]',
        '{}',
        '{"number": 0, "version": "a"}',
        '{"number": true, "version": "a"}',
        '{"number": 1.0, "version": "a"}',
        '{"number": 1, "version": 2}',
        '{"number": "1", "version": "a"}',
    ],
)
def test_a_damaged_number_is_refused(keys: Path, path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(WeightsError, match=r'RELEASE\.json: expected'):
        signed(keys, path)


def test_bytes_that_are_no_text_are_refused(keys: Path, path: Path) -> None:
    path.write_bytes(b'\xff\xfe')
    with pytest.raises(WeightsError, match=r'RELEASE\.json: expected a JSON object'):
        signed(keys, path)


def test_a_number_that_cannot_be_read_is_refused(keys: Path, path: Path) -> None:
    path.mkdir()
    with pytest.raises(WeightsError, match=r'RELEASE\.json: expected a file that can be read'):
        signed(keys, path)


def test_a_key_needs_a_store(keys: Path) -> None:
    config = CloudConfig(releases=ReleaseConfig(key=str(keys / 'private.pem')))
    match = r"store: expected a folder when releases\.key is set, .*, got ''"
    with pytest.raises(ConfigError, match=match):
        build_releases(config)


def test_a_key_that_cannot_be_used_is_refused(keys: Path, tmp_path: Path) -> None:
    for name in ('public.pem', 'none.pem'):
        releases = ReleaseConfig(key=str(keys / name))
        with pytest.raises(ConfigError, match=r'releases\.key: expected'):
            build_releases(CloudConfig(store=str(tmp_path), releases=releases))


def test_releases_are_built_from_the_configuration(keys: Path, tmp_path: Path) -> None:
    facts = ReleaseConfig(key=str(keys / 'private.pem'), valid_days=0)
    announced = build_releases(CloudConfig(store=str(tmp_path), releases=facts)).announce(ONE)
    check(keys, announced)
    assert announced.expires_ns == 0
    assert (tmp_path / RELEASE_FILE).exists()
