from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import hashlib

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DigestError
from laecips_core.errors import UnknownVersionError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.delta import apply_delta
from laecips_core.weights.delta import delta_digests
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.store import VersionStore
from laecips_core.weights.transfer import chunk_of
from laecips_core.weights.transfer import DELTA_ENCODING
from laecips_core.weights.transfer import WeightDownload
from laecips_core.weights.transfers import Transfers

LIMIT = 10**6
CATALOGUE = ClassCatalogue(('road',), ((1, 2, 3),))
NUMBERS = np.random.default_rng(0).normal(size=(50, 50)).astype(np.float16).astype(np.float32)


def update(changed: int, parent: str = '', miner: bool = False) -> WeightUpdate:
    """Give weights of which so many numbers differ from those of update(0)."""
    numbers = NUMBERS.copy()
    numbers.reshape(-1)[:changed] += 1.0
    weights = ModelWeights({'a': numbers}, {'w': NUMBERS} if miner else {})
    return encode(weights, model='net', catalogue=CATALOGUE, parent=parent)


def version(changed: int) -> str:
    return update(changed).manifest.version


class Server:
    """Holds versions and counts how often one is decoded."""

    def __init__(self, *updates: WeightUpdate, keep: int = 8) -> None:
        self.store = VersionStore(None, 64, LIMIT)
        for held in updates:
            self.store.put(held)
        self.decoded = 0
        self.transfers = Transfers(self.store.get, self._decode, keep)

    def _decode(self, held: WeightUpdate) -> ModelWeights:
        self.decoded += 1
        return decode(held, LIMIT)


def test_a_delta_is_sent_to_who_holds_a_version() -> None:
    parent, child = update(0), update(9, version(0))
    sent = Server(parent, child).transfers.of(version(9), version(0))
    assert sent.manifest == replace(
        child.manifest,
        encoding=DELTA_ENCODING,
        sha256=hashlib.sha256(sent.payload).hexdigest(),
        size_bytes=len(sent.payload),
    )
    assert len(sent.payload) < len(child.payload)
    found = apply_delta(decode(parent, LIMIT), sent.payload, LIMIT)
    np.testing.assert_array_equal(found.edge['a'], decode(child, LIMIT).edge['a'])
    assert delta_digests(sent.payload)[1] == child.manifest.tensors_sha256


def test_a_delta_is_downloaded_in_chunks_as_any_payload() -> None:
    sent = Server(update(0), update(9)).transfers.of(version(9), version(0))
    download = WeightDownload(sent.manifest, LIMIT)
    while not download.complete:
        chunk = chunk_of(sent, download.offset, 50, sent.manifest.sha256)
        download.add(download.offset, chunk)
    assert download.finish() == sent


@pytest.mark.parametrize('have_version', ['', 'f' * 12, '../..', 'x' * 10_000])
def test_the_whole_is_sent_to_who_holds_nothing_known(have_version: str) -> None:
    child = update(9)
    server = Server(update(0), child)
    assert server.transfers.of(version(9), have_version) is child
    assert server.decoded == 0


def test_the_whole_is_sent_where_a_delta_is_not_smaller() -> None:
    # Bits that do not pack, and here and there a number that stays: what tells where costs more.
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 256, (2, 200, 200), np.uint8)
    bits[1] = np.where(rng.random((200, 200)) < 0.02, *bits)
    parent, other = (
        encode(ModelWeights({'a': array}, {}), model='net', catalogue=CATALOGUE) for array in bits
    )
    server = Server(parent, other)
    for _ in range(2):
        assert server.transfers.of(other.manifest.version, parent.manifest.version) is other
    assert server.decoded == 2


def test_the_whole_is_sent_to_weights_of_another_form() -> None:
    with_miner = update(9, miner=True)
    server = Server(update(0), with_miner)
    for _ in range(2):
        assert server.transfers.of(with_miner.manifest.version, version(0)) is with_miner
    assert server.decoded == 2


def test_a_delta_to_the_same_version_changes_nothing() -> None:
    sent = Server(update(0)).transfers.of(version(0), version(0))
    found = apply_delta(decode(update(0), LIMIT), sent.payload, LIMIT)
    np.testing.assert_array_equal(found.edge['a'], NUMBERS)


def test_a_version_that_is_not_held_is_refused() -> None:
    server = Server(update(0))
    for have_version in ('', version(0)):
        with pytest.raises(UnknownVersionError, match='version: expected one of'):
            server.transfers.of(version(9), have_version)


def test_a_delta_is_made_once() -> None:
    server = Server(update(0), update(9), update(12))
    first = server.transfers.of(version(9), version(0))
    assert server.decoded == 2
    assert server.transfers.of(version(9), version(0)) is first
    assert server.decoded == 2
    assert server.transfers.of(version(12), version(0)) is not first
    assert server.decoded == 4


def test_several_threads_make_it_once() -> None:
    server = Server(update(0), update(9))
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: server.transfers.of(version(9), version(0)), range(8)))
    assert all(one is sent[0] for one in sent)
    assert server.decoded == 2


def test_few_deltas_are_kept_those_used_last() -> None:
    server = Server(*(update(n) for n in (0, 1, 2, 3)), keep=2)
    kept = server.transfers.of(version(1), version(0))
    server.transfers.of(version(2), version(0))
    assert server.transfers.of(version(1), version(0)) is kept
    server.transfers.of(version(3), version(0))
    before = server.decoded
    assert server.transfers.of(version(1), version(0)) is kept
    assert server.decoded == before
    again = server.transfers.of(version(2), version(0))
    assert server.decoded == before + 2
    assert again == server.transfers.of(version(2), version(0))


def test_a_delta_under_way_is_not_gone_on_with_as_the_whole() -> None:
    child = update(9)
    delta = Server(update(0), child).transfers.of(version(9), version(0))
    whole = Server(child).transfers.of(version(9), version(0))
    with pytest.raises(DigestError, match='start the download again'):
        chunk_of(whole, 100, 50, delta.manifest.sha256)
