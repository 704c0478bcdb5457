from __future__ import annotations

import struct
import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest
import zstandard

from laecips_core.errors import DigestError
from laecips_core.errors import LaecipsError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.weights.delta import apply_delta
from laecips_core.weights.delta import delta_digests
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.delta import full_bytes
from laecips_core.weights.delta import MAGIC
from laecips_core.weights.delta import zeros_like
from laecips_core.weights.payload import tensors_sha256
from laecips_core.weights.precision import store

LIMIT = 100_000
HEAD_BYTES = len(MAGIC) + 64


def weights_of(matrix: Any, vector: Any = (1.0,), counter: int = 12) -> ModelWeights:
    edge = {
        'conv.weight': np.array(matrix, np.float32).reshape(-1, 1),
        'bn.running_var': np.array(vector, np.float32),
        'bn.counter': np.array(counter, np.int64),
    }
    return ModelWeights(edge, {'score': np.array([0.5], np.float32)})


PARENT = weights_of([1.0, -2.0, 0.0, 4.0])
CHILD = weights_of([1.0, -2.5, 0.0, 5.0], (3.0,), 13)
DELTA = encode_delta(PARENT, CHILD)


def section(content: bytes, **options: Any) -> bytes:
    frame = zstandard.ZstdCompressor(**options).compress(content)
    return struct.pack('<I', len(frame)) + frame


def forged(*sections: bytes) -> bytes:
    return DELTA[:HEAD_BYTES] + b''.join(sections)


def assert_same_bits(one: ModelWeights, two: ModelWeights) -> None:
    ones, twos = store(one), store(two)
    assert list(ones) == list(twos)
    for name, array in ones.items():
        assert array.dtype == twos[name].dtype
        assert array.shape == twos[name].shape
        assert array.tobytes() == twos[name].tobytes(), name


half_bits = st.integers(0, 2**16 - 1).filter(lambda bits: bits & 0x7C00 != 0x7C00)
single_bits = st.integers(0, 2**32 - 1).filter(lambda bits: bits & 0x7F800000 != 0x7F800000)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[ModelWeights, ModelWeights]:
    halves = draw(st.lists(half_bits, max_size=8))
    singles = draw(st.lists(single_bits, max_size=4))
    made = []
    for _ in range(2):
        kept = [draw(st.one_of(st.just(bits), half_bits)) for bits in halves]
        stays = [draw(st.one_of(st.just(bits), single_bits)) for bits in singles]
        counter = draw(st.integers(-(2**63), 2**63 - 1))
        edge: dict[str, np.ndarray] = {
            'w': np.array(kept, np.uint16).view(np.float16).reshape(-1, 1),
            'b': np.array(stays, np.uint32).view(np.float32),
            'n': np.array(counter, np.int64),
        }
        bits = np.array([draw(st.booleans()), draw(st.booleans())])
        made.append(ModelWeights(edge, {'few': bits, 'none': np.zeros((0, 3), np.float32)}))
    return made[0], made[1]


@settings(deadline=None, derandomize=True, max_examples=100)
@given(pairs())
def test_the_child_comes_back_bit_for_bit(pair: tuple[ModelWeights, ModelWeights]) -> None:
    parent, child = pair
    assert_same_bits(apply_delta(parent, encode_delta(parent, child), LIMIT), child)
    assert_same_bits(apply_delta(zeros_like(child), full_bytes(child), LIMIT), child)


@pytest.mark.parametrize('gap', [0, 1, 254, 255, 256, 509, 510, 511, 100_000])
def test_a_change_at_any_distance_comes_back(gap: int) -> None:
    before = np.zeros(gap + 3, np.float32)
    after = before.copy()
    after[[gap, gap + 1]] = -0.0, 1e-7  # a denormal of float16
    parent, child = weights_of(before), weights_of(after)
    delta = encode_delta(parent, child)
    assert_same_bits(apply_delta(parent, delta, 10 * LIMIT), child)
    assert len(delta) < 400


def test_only_stored_numbers_count() -> None:
    parent = weights_of([1.0, 2.0])
    nearly = weights_of([1.0 + 1e-5, 2.0])
    assert encode_delta(parent, nearly) == encode_delta(parent, parent)


def test_neither_weights_change_and_the_result_can_be_written() -> None:
    parent = weights_of([1.0, -2.0, 0.0, 4.0])
    decoded = apply_delta(parent, DELTA, LIMIT)
    for array in decoded.edge.values():
        array[...] = 7
    assert_same_bits(parent, PARENT)


def test_equal_input_gives_equal_bytes_in_any_order_of_names() -> None:
    turned = ModelWeights(dict(reversed(CHILD.edge.items())), CHILD.miner)
    assert encode_delta(PARENT, turned) == DELTA


def test_the_digests_are_those_of_the_stored_tensors() -> None:
    expected = tensors_sha256(store(PARENT)), tensors_sha256(store(CHILD))
    assert delta_digests(DELTA) == expected


def large(seed: int) -> ModelWeights:
    rng = np.random.default_rng(seed)
    matrices = {f'{k}.weight': rng.normal(0, 0.05, (200, 1000)) for k in range(6)}
    vectors = {f'{k}.running_var': rng.random(1000) for k in range(6)}
    return ModelWeights(matrices | vectors, {})


def trained(start: ModelWeights, share: float) -> ModelWeights:
    rng = np.random.default_rng(1)
    moved = {
        name: array + (rng.random(array.shape) < share) * rng.normal(0, 1e-3, array.shape)
        for name, array in start.edge.items()
    }
    return ModelWeights(moved, {})


def test_a_twentieth_of_the_numbers_costs_a_twentieth_of_the_bytes() -> None:
    start = large(0)
    sparse, nothing = encode_delta(start, trained(start, 0.05)), encode_delta(start, start)
    assert len(nothing) < 1000
    assert len(sparse) < 130_000
    whole = full_bytes(start)
    assert 1_800_000 < len(whole) < 2 * 1_206_000 + 24_000


@pytest.mark.parametrize(
    ('child', 'match'),
    [
        (ModelWeights(PARENT.edge, {}), r'tensors: expected also miner\.score, got none'),
        (weights_of([1.0, 2.0]), r'expected edge\.conv\.weight \(4, 1\), got .* \(2, 1\)'),
        (
            ModelWeights(PARENT.edge | {'bn.counter': np.array(1.0)}, PARENT.miner),
            r'edge\.bn\.counter of the child: expected int64, got float32',
        ),
        (weights_of([1.0, np.nan, 0.0, 0.0]), 'expected finite numbers'),
    ],
)
def test_weights_of_another_form_have_no_delta(child: ModelWeights, match: str) -> None:
    with pytest.raises(WeightsError, match=match):
        encode_delta(PARENT, child)


def test_a_delta_above_the_limit_is_refused_before_anything_else() -> None:
    match = 'delta: expected at most 99 bytes, got 100; raise limits.max_update_bytes'
    with pytest.raises(WeightsError, match=match):
        apply_delta(PARENT, bytes(100), 99)


@pytest.mark.parametrize('data', [b'', DELTA[: HEAD_BYTES - 1], b'LAEDELT9' + DELTA[8:]])
def test_a_delta_without_its_head_is_refused(data: bytes) -> None:
    with pytest.raises(WeightsError, match=r"delta: expected b'LAEDELT1' and two digests, got"):
        delta_digests(data)
    with pytest.raises(WeightsError, match=f'got {len(data)} bytes that start with'):
        apply_delta(PARENT, data, LIMIT)


@pytest.mark.parametrize(
    'parent',
    [
        CHILD,
        ModelWeights(PARENT.edge, {}),
        ModelWeights({'other': np.zeros(3)}, {}),
        weights_of([[1.0, -2.0], [0.0, 4.0]], [[1.0]]),
    ],
)
def test_another_parent_is_refused(parent: ModelWeights) -> None:
    match = 'parent of the delta, tensors_sha256: expected [0-9a-f]{64}, got .*; send the weights'
    with pytest.raises(DigestError, match=match):
        apply_delta(parent, DELTA, LIMIT)


def test_another_child_is_refused() -> None:
    other = encode_delta(PARENT, PARENT)
    swapped = DELTA[:HEAD_BYTES] + other[HEAD_BYTES:]
    with pytest.raises(DigestError, match=r'child of the delta, tensors_sha256: expected .*again'):
        apply_delta(PARENT, swapped, LIMIT)


def test_a_child_that_is_not_finite_is_refused() -> None:
    infinite = {'miner.score': np.array([np.inf], '<f4')}
    digests = tensors_sha256(store(ModelWeights({}, {'score': np.array([0.5])})))
    digests += tensors_sha256(infinite)
    steps = (0x7F800000 - 0x3F000000) * 2
    parts = [section(b'\0'), *(section(bytes([b])) for b in struct.pack('<I', steps))]
    delta = MAGIC + bytes.fromhex(digests) + b''.join(parts)
    with pytest.raises(WeightsError, match=r'miner\.score: expected finite numbers'):
        apply_delta(ModelWeights({}, {'score': np.array([0.5])}), delta, LIMIT)


@pytest.mark.parametrize('length', range(HEAD_BYTES, len(DELTA), 5))
def test_a_cut_delta_is_refused(length: int) -> None:
    with pytest.raises(WeightsError, match=r'changes of width .: .*; send it again'):
        apply_delta(PARENT, DELTA[:length], LIMIT)


def test_bytes_behind_the_end_are_refused() -> None:
    match = 'delta: expected no bytes behind the last section, got 1; send it again'
    with pytest.raises(WeightsError, match=match):
        apply_delta(PARENT, DELTA + b'\0', LIMIT)


def test_bytes_behind_a_frame_are_refused() -> None:
    frame = zstandard.compress(b'\0') + b'\0'
    with pytest.raises(WeightsError, match='changes of width 2: gaps: expected a zstd frame, got'):
        apply_delta(PARENT, forged(struct.pack('<I', len(frame)) + frame), LIMIT)


def test_a_position_out_of_range_is_refused() -> None:
    two_of_width_2 = [section(b'\0'), section(b'\0')]
    delta = forged(section(b'\4'), *two_of_width_2)
    with pytest.raises(WeightsError, match='width 2: positions: expected below 4, got 4'):
        apply_delta(PARENT, delta, LIMIT)


def test_more_changes_than_numbers_are_refused() -> None:
    with pytest.raises(WeightsError, match='width 2: gaps: expected at most 4 bytes, got 5'):
        apply_delta(PARENT, forged(section(bytes(5))), LIMIT)


def test_changes_without_all_their_bytes_are_refused() -> None:
    delta = forged(section(bytes(3)), section(bytes(3)), section(bytes(2)))
    match = 'width 2: bytes: expected 3 for each byte of a number, got 3, 2'
    with pytest.raises(WeightsError, match=match):
        apply_delta(PARENT, delta, LIMIT)


def test_a_frame_that_hides_its_size_is_refused() -> None:
    hidden = section(b'\0', write_content_size=False)
    with pytest.raises(WeightsError, match=f'expected at most 4 bytes, got {2**64 - 1}'):
        apply_delta(PARENT, forged(hidden), LIMIT)


def test_a_frame_that_lies_about_its_size_is_refused() -> None:
    liar = bytearray(section(bytes(3)))
    assert liar[9] == 3
    liar[9] = 2
    with pytest.raises(WeightsError, match='gaps: expected a zstd frame'):
        apply_delta(PARENT, forged(bytes(liar)), LIMIT)


def test_a_frame_that_wants_a_large_window_is_refused() -> None:
    # Descriptor: an 8-byte content size, a window of 2 ** 30 bytes.
    frame = struct.pack('<IBBQ', 0xFD2FB528, 0xC0, 20 << 3, 1) + b'\1\0\0'
    delta = forged(struct.pack('<I', len(frame)) + frame)
    with pytest.raises(WeightsError, match='gaps: expected at most 4 bytes, got 1073740800'):
        apply_delta(PARENT, delta, LIMIT)


def test_the_limit_holds_for_all_that_unpacks() -> None:
    parent = weights_of(np.ones(2000))
    delta = encode_delta(parent, weights_of(np.full(2000, 2.0)))
    assert len(delta) < 1000
    with pytest.raises(WeightsError, match='width 2: byte 1: expected at most 1000 bytes, got 2'):
        apply_delta(parent, delta, 5000)
    apply_delta(parent, delta, 6018)


def test_a_bomb_is_refused_without_room_for_it() -> None:
    bomb = forged(section(bytes(100_000_000)))
    tracemalloc.start()
    with pytest.raises(WeightsError, match='expected at most 4 bytes, got 100000000'):
        apply_delta(PARENT, bomb, 10**9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    position=st.integers(0, len(DELTA) - 1),
    noise=st.binary(min_size=1, max_size=8),
    length=st.integers(0, len(DELTA) + 8),
)
def test_mutated_deltas_give_only_our_errors(position: int, noise: bytes, length: int) -> None:
    mutated = DELTA[:position] + noise + DELTA[position + len(noise) :]
    try:
        child = apply_delta(PARENT, mutated[:length], LIMIT)
    except LaecipsError:
        return
    assert_same_bits(child, CHILD)
