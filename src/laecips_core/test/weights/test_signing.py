from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ConfigError
from laecips_core.errors import ExpiredReleaseError
from laecips_core.errors import OldReleaseError
from laecips_core.errors import SignatureError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.weights.release_keys import load_private_key
from laecips_core.weights.release_keys import write_release_keys
from laecips_core.weights.signing import ReleaseSigner
from laecips_core.weights.signing import ReleaseVerifier
from laecips_core.weights.signing import signed_text

DIGEST = 'c0ffee' + '0' * 58
OTHER_DIGEST = 'decaf0' + '0' * 58
CLASSES = 'ab' * 32
EXPIRES_NS = 2_000
NOW_NS = 1_000

WEIGHTS = WeightManifest(
    model='fast_scnn',
    version='c0ffee000000',
    parent='0123456789ab',
    catalogue_sha256=CLASSES,
    encoding='safetensors-mixed16',
    sha256='12' * 32,
    size_bytes=3,
    tensors_sha256=DIGEST,
)


@pytest.fixture(scope='module')
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('keys')
    write_release_keys(folder / 'release.key', folder / 'release.pub')
    write_release_keys(folder / 'other.key', folder / 'other.pub')
    return folder


@pytest.fixture(scope='module')
def signer(keys: Path) -> ReleaseSigner:
    return ReleaseSigner(keys / 'release.key')


@pytest.fixture(scope='module')
def verifier(keys: Path) -> ReleaseVerifier:
    return ReleaseVerifier(keys / 'release.pub')


@pytest.fixture(scope='module')
def released(signer: ReleaseSigner) -> WeightManifest:
    return signer.sign(WEIGHTS, release=5, expires_ns=EXPIRES_NS)


def check(verifier: ReleaseVerifier, manifest: WeightManifest, **changes: Any) -> None:
    facts: dict[str, Any] = {
        'model': 'fast_scnn',
        'catalogue_sha256': CLASSES,
        'newest_release': 4,
        'newest_version': '0123456789ab',
        'now_ns': NOW_NS,
    }
    verifier.check(manifest, **{**facts, **changes})


def signed_by_hand(keys: Path, text: bytes) -> bytes:
    """Sign whatever one likes with the right key, as no ReleaseSigner does."""
    return load_private_key('key', keys / 'release.key').sign(text)


def test_the_signed_text_is_this() -> None:
    assert signed_text(replace(WEIGHTS, release=5, expires_ns=2_000)) == (
        b'laecips-release-1\n'
        b'{"catalogue_sha256":"' + b'ab' * 32 + b'",'
        b'"expires_ns":2000,'
        b'"model":"fast_scnn",'
        b'"parent":"0123456789ab",'
        b'"release":5,'
        b'"tensors_sha256":"c0ffee' + b'0' * 58 + b'",'
        b'"version":"c0ffee000000"}'
    )


def test_no_name_can_pass_for_another_field() -> None:
    tricky = replace(WEIGHTS, model='a","parent":"b')
    assert b'"model":"a\\",\\"parent\\":\\"b","parent":"0123456789ab"' in signed_text(tricky)


def test_signing_fills_three_fields_and_no_other(released: WeightManifest) -> None:
    assert (released.release, released.expires_ns, len(released.signature)) == (5, EXPIRES_NS, 64)
    assert replace(released, release=0, expires_ns=0, signature=b'') == WEIGHTS


def test_the_signature_is_that_of_the_text(keys: Path, released: WeightManifest) -> None:
    assert released.signature == signed_by_hand(keys, signed_text(released))


@pytest.mark.parametrize(
    'newest',
    [(0, ''), (4, '0123456789ab'), (5, 'c0ffee000000')],
    ids=['first', 'next', 'same again'],
)
def test_a_good_release_is_accepted(
    verifier: ReleaseVerifier, released: WeightManifest, newest: tuple[int, str]
) -> None:
    check(verifier, released, newest_release=newest[0], newest_version=newest[1])


def test_a_release_without_expiry_is_accepted_at_any_time(
    signer: ReleaseSigner, verifier: ReleaseVerifier
) -> None:
    check(verifier, signer.sign(WEIGHTS, release=5, expires_ns=0), now_ns=2**62)


def test_the_bytes_of_a_transfer_may_differ(
    verifier: ReleaseVerifier, released: WeightManifest
) -> None:
    delta = replace(released, encoding='laecips-delta-1', sha256='34' * 32, size_bytes=1)
    check(verifier, delta)


def test_a_rollback_is_a_new_release_of_old_weights(
    signer: ReleaseSigner, verifier: ReleaseVerifier
) -> None:
    again = signer.sign(WEIGHTS, release=7, expires_ns=EXPIRES_NS)
    check(verifier, again, newest_release=6, newest_version='decaf0000000')


@pytest.mark.parametrize(
    'forged',
    [
        {'model': 'other'},
        {'version': OTHER_DIGEST[:12]},
        {'parent': ''},
        {'catalogue_sha256': 'cd' * 32},
        {'tensors_sha256': OTHER_DIGEST},
        {'version': OTHER_DIGEST[:12], 'tensors_sha256': OTHER_DIGEST},
        {'release': 6},
        {'expires_ns': EXPIRES_NS + 1},
        {'expires_ns': 0},
    ],
    ids=lambda forged: '+'.join(forged),
)
def test_a_forged_field_is_refused(
    verifier: ReleaseVerifier, released: WeightManifest, forged: dict[str, Any]
) -> None:
    with pytest.raises(SignatureError, match='expected one by the release key, got another'):
        check(verifier, replace(released, **forged))


@pytest.mark.parametrize('size', [0, 63, 65, 128])
def test_a_signature_that_is_missing_or_of_another_size_is_refused(
    verifier: ReleaseVerifier, released: WeightManifest, size: int
) -> None:
    cut = replace(released, signature=(released.signature * 2)[:size])
    with pytest.raises(SignatureError, match=f'expected 64 bytes .*, got {size} bytes'):
        check(verifier, cut)


def test_an_unsigned_announcement_is_refused_where_a_key_is_set(
    verifier: ReleaseVerifier,
) -> None:
    with pytest.raises(SignatureError) as caught:
        check(verifier, WEIGHTS)
    assert caught.value.code == 'bad_signature'


def test_another_key_is_refused(keys: Path, released: WeightManifest) -> None:
    with pytest.raises(SignatureError, match='got another'):
        check(ReleaseVerifier(keys / 'other.pub'), released)
    stranger = ReleaseSigner(keys / 'other.key').sign(WEIGHTS, release=5, expires_ns=0)
    with pytest.raises(SignatureError, match='got another'):
        check(ReleaseVerifier(keys / 'release.pub'), stranger)


def test_a_signature_of_another_text_of_the_key_is_refused(
    keys: Path, verifier: ReleaseVerifier, released: WeightManifest
) -> None:
    bare = signed_text(released).partition(b'\n')[2]
    with pytest.raises(SignatureError, match='got another'):
        check(verifier, replace(released, signature=signed_by_hand(keys, bare)))


@pytest.mark.parametrize(
    ('values', 'match'),
    [
        ({'release': 0}, 'release release: expected a number of at least 1, got 0'),
        ({'release': -1}, 'release release: expected a number of at least 1, got -1'),
        ({'expires_ns': -1}, 'release expires_ns: expected 0 or a time, got -1'),
        ({'tensors_sha256': ''}, "tensors_sha256: expected 64 hex digits, got ''"),
        ({'tensors_sha256': DIGEST.upper()}, 'tensors_sha256: expected 64 hex digits'),
        ({'tensors_sha256': f'{DIGEST}\n'}, 'tensors_sha256: expected 64 hex digits'),
        ({'version': 'decaf0000000'}, "version: expected the first 12 digits .*'decaf0000000'"),
        ({'version': 'c0ffee'}, "version: expected the first 12 digits .*, got 'c0ffee'"),
        ({'version': ''}, 'version: expected the first 12 digits'),
    ],
)
def test_what_is_no_release_is_refused_though_signed(
    keys: Path,
    signer: ReleaseSigner,
    verifier: ReleaseVerifier,
    released: WeightManifest,
    values: dict[str, Any],
    match: str,
) -> None:
    strange = replace(released, **values)
    signed = replace(strange, signature=signed_by_hand(keys, signed_text(strange)))
    with pytest.raises(SignatureError, match=match):
        check(verifier, signed, newest_release=-5)
    with pytest.raises(SignatureError, match=match):
        signer.sign(strange, release=strange.release, expires_ns=strange.expires_ns)


@pytest.mark.parametrize('late_ns', [0, 1])
def test_an_expired_release_is_refused_from_its_time_on(
    verifier: ReleaseVerifier, released: WeightManifest, late_ns: int
) -> None:
    check(verifier, released, now_ns=EXPIRES_NS - 1)
    with pytest.raises(ExpiredReleaseError, match='got 2000 ns; release it again') as caught:
        check(verifier, released, now_ns=EXPIRES_NS + late_ns)
    assert caught.value.code == 'expired_release'


def test_a_replayed_older_release_is_refused(
    verifier: ReleaseVerifier, released: WeightManifest
) -> None:
    with pytest.raises(OldReleaseError, match='expected at least 6, got 5') as caught:
        check(verifier, released, newest_release=6, newest_version='decaf0000000')
    assert caught.value.code == 'old_release'


def test_an_older_release_of_the_running_version_is_refused(
    verifier: ReleaseVerifier, released: WeightManifest
) -> None:
    with pytest.raises(OldReleaseError, match='expected at least 6, got 5'):
        check(verifier, released, newest_release=6, newest_version=released.version)


def test_another_version_of_the_newest_release_is_refused(
    verifier: ReleaseVerifier, released: WeightManifest
) -> None:
    match = 'release 5: expected version decaf0000000, got c0ffee000000'
    with pytest.raises(OldReleaseError, match=match):
        check(verifier, released, newest_release=5, newest_version='decaf0000000')


def test_a_release_for_another_model_is_refused(
    verifier: ReleaseVerifier, released: WeightManifest
) -> None:
    with pytest.raises(WeightsError, match='expected model unet, got model fast_scnn') as caught:
        check(verifier, released, model='unet')
    assert caught.value.code == 'bad_weights'


def test_a_release_for_other_classes_is_refused(
    verifier: ReleaseVerifier, released: WeightManifest
) -> None:
    with pytest.raises(CatalogueMismatchError, match=f'expected {"cd" * 32}, got {CLASSES}'):
        check(verifier, released, catalogue_sha256='cd' * 32)


def test_the_signature_is_looked_at_before_all_else(
    verifier: ReleaseVerifier, released: WeightManifest
) -> None:
    wrong = replace(released, release=0, version='', tensors_sha256='', expires_ns=1)
    with pytest.raises(SignatureError, match='got another'):
        check(verifier, wrong, model='unet', catalogue_sha256='')


@settings(max_examples=500)
@given(signature=st.binary(max_size=130))
def test_no_random_signature_is_accepted(
    verifier: ReleaseVerifier, released: WeightManifest, signature: bytes
) -> None:
    with pytest.raises(SignatureError):
        check(verifier, replace(released, signature=signature))


@settings(max_examples=500)
@given(bit=st.integers(0, 64 * 8 - 1))
def test_no_flipped_bit_is_accepted(
    verifier: ReleaseVerifier, released: WeightManifest, bit: int
) -> None:
    changed = bytearray(released.signature)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureError):
        check(verifier, replace(released, signature=bytes(changed)))


@settings(max_examples=200)
@given(text=st.text(st.characters(codec=None)))
def test_no_text_in_a_field_does_worse_than_be_refused(
    verifier: ReleaseVerifier, released: WeightManifest, text: str
) -> None:
    with pytest.raises(SignatureError):
        check(verifier, replace(released, parent=f'{text}x', version=text))


def test_a_key_of_the_wrong_kind_is_refused(keys: Path) -> None:
    with pytest.raises(ConfigError, match=r'releases\.key: expected an Ed25519 private key'):
        ReleaseSigner(keys / 'release.pub')
    with pytest.raises(ConfigError, match=r'updates\.release_key: expected an Ed25519 public'):
        ReleaseVerifier(keys / 'release.key')
