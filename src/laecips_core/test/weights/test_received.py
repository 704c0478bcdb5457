from __future__ import annotations

from dataclasses import replace
import hashlib

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.received import DeltaError
from laecips_core.weights.received import IncomingUpdate
from laecips_core.weights.received import same_release
from laecips_core.weights.transfer import DELTA_ENCODING

CATALOGUE = ClassCatalogue(('sky', 'road'), ((1, 2, 3), (4, 5, 6)))
MAX_BYTES = 20_000
RELEASE = {'release': 4, 'expires_ns': 99, 'signature': b's' * 64}


def weights_of(seed: int) -> ModelWeights:
    values = np.random.default_rng(0).standard_normal((30, 30)).astype(np.float32)
    values[seed] += seed
    return ModelWeights({'layer': values}, {'score': np.array([seed / 3], np.float32)})


def update_of(seed: int, parent: str = '', notes: dict[str, str] | None = None) -> WeightUpdate:
    return encode(
        weights_of(seed), model='fast_scnn', catalogue=CATALOGUE, parent=parent, notes=notes
    )


def delta_to(after: WeightUpdate, delta: bytes) -> WeightUpdate:
    described = replace(
        after.manifest,
        encoding=DELTA_ENCODING,
        sha256=hashlib.sha256(delta).hexdigest(),
        size_bytes=len(delta),
    )
    return WeightUpdate(described, delta)


HELD = update_of(1, notes={'command': 'laecips pretrain'})
PLAIN = update_of(2, parent=HELD.manifest.version, notes={'round': '7'})
NEW = WeightUpdate(replace(PLAIN.manifest, **RELEASE), PLAIN.payload)
DELTA = delta_to(NEW, encode_delta(weights_of(1), weights_of(2)))


def incoming(
    announced: WeightManifest = NEW.manifest, held: WeightUpdate | None = HELD
) -> IncomingUpdate:
    return IncomingUpdate(announced, held, MAX_BYTES)


def pull(update: IncomingUpdate, sent: WeightUpdate, chunk_bytes: int = 500) -> None:
    while not update.complete:
        begin = update.offset
        update.add(sent.manifest, begin, sent.payload[begin : begin + chunk_bytes])


def assert_same_tensors(one: WeightUpdate, other: WeightUpdate) -> None:
    ones, others = decode(one, MAX_BYTES), decode(other, MAX_BYTES)
    for ours, theirs in ((ones.edge, others.edge), (ones.miner, others.miner)):
        assert list(ours) == list(theirs)
        assert all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)


def test_whole_weights_come_through_with_their_release() -> None:
    update = incoming()
    assert (update.have_version, update.sha256, update.offset) == (HELD.manifest.version, '', 0)
    pull(update, NEW)
    assert update.sha256 == NEW.manifest.sha256
    found = update.finish()
    assert found.payload == NEW.payload
    assert found.manifest == replace(NEW.manifest, notes=found.manifest.notes)


def test_a_delta_gives_the_announced_weights_bit_for_bit() -> None:
    update = incoming()
    pull(update, DELTA)
    found = update.finish()
    assert len(DELTA.payload) < len(NEW.payload) / 4
    assert_same_tensors(found, NEW)
    assert same_release(found.manifest, NEW.manifest)
    assert found.manifest.signature == NEW.manifest.signature
    assert found.manifest.notes == {}
    # The rebuilt payload serves as the base of the next delta.
    third = update_of(3, parent=NEW.manifest.version)
    following = incoming(third.manifest, found)
    pull(following, delta_to(third, encode_delta(weights_of(2), weights_of(3))))
    assert_same_tensors(following.finish(), third)


def test_a_delta_to_other_weights_asks_for_the_whole() -> None:
    lying = delta_to(NEW, encode_delta(weights_of(1), weights_of(3)))
    update = incoming()
    pull(update, lying)
    with pytest.raises(DeltaError, match='result of the delta: expected'):
        update.finish()


def test_a_delta_from_other_weights_asks_for_the_whole() -> None:
    update = incoming()
    pull(update, delta_to(NEW, encode_delta(weights_of(4), weights_of(2))))
    with pytest.raises(DeltaError, match='parent of the delta'):
        update.finish()


@pytest.mark.parametrize('cut', [slice(0, -1), slice(0, 40), slice(200, None)])
def test_a_damaged_delta_asks_for_the_whole(cut: slice) -> None:
    update = incoming()
    pull(update, delta_to(NEW, DELTA.payload[cut]))
    with pytest.raises(DeltaError, match=f'delta from {HELD.manifest.version}'):
        update.finish()


def test_damaged_bytes_are_found() -> None:
    for sent, error in ((NEW, DigestError), (DELTA, DeltaError)):
        update = incoming()
        spoiled = bytes([sent.payload[0] ^ 1]) + sent.payload[1:]
        pull(update, WeightUpdate(sent.manifest, spoiled))
        with pytest.raises(error, match='payload sha256'):
            update.finish()


def test_a_payload_that_holds_other_weights_than_announced_is_refused() -> None:
    other = update_of(3, parent=HELD.manifest.version)
    described = replace(
        NEW.manifest, sha256=other.manifest.sha256, size_bytes=other.manifest.size_bytes
    )
    update = incoming()
    pull(update, WeightUpdate(described, other.payload))
    with pytest.raises(DigestError, match='version'):
        update.finish()


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('model', 'other'),
        ('version', '0' * 12),
        ('parent', '0' * 12),
        ('catalogue_sha256', '0' * 64),
        ('tensors_sha256', NEW.manifest.version + '0' * 52),
        ('release', 5),
        ('expires_ns', 0),
        ('signature', b'x' * 64),
    ],
)
def test_an_answer_about_another_release_is_refused(name: str, value: object) -> None:
    update = incoming()
    other = replace(NEW.manifest, **{name: value})
    assert not same_release(other, NEW.manifest)
    with pytest.raises(WeightsError, match=f'{name} of what is sent'):
        update.add(other, 0, NEW.payload[:500])
    assert (update.offset, update.sha256) == (0, '')
    pull(update, NEW)
    update.finish()


def test_size_digest_and_encoding_of_a_transfer_are_its_own() -> None:
    assert same_release(DELTA.manifest, NEW.manifest)


def test_a_transfer_above_the_limit_is_refused_before_a_byte_is_kept() -> None:
    update = incoming()
    with pytest.raises(WeightsError, match=f'announced size: expected 1 to {MAX_BYTES} bytes'):
        update.add(replace(DELTA.manifest, size_bytes=MAX_BYTES + 1), 0, b'x')
    assert (update.offset, update.sha256, update.complete) == (0, '', False)
    with pytest.raises(WeightsError, match='announced size'):
        incoming(replace(NEW.manifest, size_bytes=MAX_BYTES + 1))


def test_a_chunk_of_other_bytes_is_refused_and_the_download_goes_on() -> None:
    update = incoming()
    update.add(NEW.manifest, 0, NEW.payload[:500])
    with pytest.raises(DigestError, match='sha256 of the bytes under way'):
        update.add(DELTA.manifest, 500, DELTA.payload[:100])
    with pytest.raises(WeightsError, match='chunk offset: expected 500, got 0'):
        update.add(NEW.manifest, 0, NEW.payload[:500])
    assert update.offset == 500
    pull(update, NEW)
    update.finish()


def test_a_first_chunk_that_is_refused_leaves_the_transfer_open() -> None:
    update = incoming()
    with pytest.raises(WeightsError, match='chunk offset'):
        update.add(NEW.manifest, 7, NEW.payload[7:])
    assert update.sha256 == ''
    pull(update, DELTA)
    update.finish()


def test_an_encoding_that_was_not_asked_for_is_refused() -> None:
    whole = incoming(held=None)
    assert whole.have_version == ''
    with pytest.raises(
        WeightsError, match='encoding under way: expected safetensors-mixed16, got'
    ):
        whole.add(DELTA.manifest, 0, DELTA.payload[:100])
    with pytest.raises(WeightsError, match='safetensors-mixed16 or laecips-delta-1, got x'):
        incoming().add(replace(NEW.manifest, encoding='x'), 0, b'x')


@pytest.mark.parametrize('digest', ['', '0' * 64])
def test_an_announcement_without_the_digest_of_its_version_is_refused(digest: str) -> None:
    with pytest.raises(DigestError, match='announced version'):
        incoming(replace(NEW.manifest, tensors_sha256=digest))
