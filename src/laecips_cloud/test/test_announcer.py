from __future__ import annotations

from dataclasses import replace
from threading import Event
from threading import Thread

import pytest

from laecips_cloud.announcer import Announcer
from laecips_core.errors import WeightsError
from laecips_core.pipeline.releases import Releases
from laecips_core.values import WeightManifest
from laecips_ros.counters import Counters

_WAIT_S = 10.0


def _manifest(version: str) -> WeightManifest:
    return WeightManifest('net', version, '', 'c', 'e', 's', 1)


class _Releases(Releases):
    """Numbers every announcement, and fails or is due when told to."""

    def __init__(self) -> None:
        self.number = 0
        self.error: WeightsError | None = None
        self.over = False

    def announce(self, manifest: WeightManifest) -> WeightManifest:
        if self.error is not None:
            raise self.error
        self.number += 1
        return replace(manifest, release=self.number)

    def due(self) -> bool:
        return self.over


class _Bench:
    def __init__(self) -> None:
        self.newest = _manifest('one')
        self.releases, self.counters = _Releases(), Counters()
        self.told: list[tuple[str, int]] = []

    def start(self) -> Announcer:
        return Announcer(lambda: self.newest, self.releases, self._publish, self.counters)

    def _publish(self, manifest: WeightManifest) -> None:
        self.told.append((manifest.version, manifest.release))


@pytest.fixture
def bench() -> _Bench:
    return _Bench()


def test_the_running_version_is_announced_at_the_start(bench: _Bench) -> None:
    announcer = bench.start()
    assert bench.told == [('one', 1)]
    assert announcer.release == 1


def test_a_start_that_cannot_be_announced_is_refused(bench: _Bench) -> None:
    bench.releases.error = WeightsError('a', 'b', 'c')
    with pytest.raises(WeightsError, match='a: expected b, got c'):
        bench.start()


def test_the_version_that_runs_by_then_is_announced(bench: _Bench) -> None:
    announcer = bench.start()
    bench.newest = _manifest('two')
    announcer.announce()
    assert bench.told == [('one', 1), ('two', 2)]
    assert announcer.release == 2


def test_a_check_announces_nothing_that_is_in_force(bench: _Bench) -> None:
    bench.start().check()
    assert bench.told == [('one', 1)]


def test_a_check_announces_again_what_would_expire(bench: _Bench) -> None:
    announcer = bench.start()
    bench.releases.over = True
    announcer.check()
    assert bench.told == [('one', 1), ('one', 2)]


def test_what_could_not_be_announced_is_counted_and_announced_later(bench: _Bench) -> None:
    announcer = bench.start()
    bench.newest, bench.releases.error = _manifest('two'), WeightsError('a', 'b', 'c')
    announcer.announce()
    announcer.check()
    assert bench.told == [('one', 1)]
    assert bench.counters.snapshot() == {'errors.bad_weights': 2}
    bench.releases.error = None
    announcer.check()
    announcer.check()
    assert bench.told == [('one', 1), ('two', 2)]


def test_of_two_threads_the_later_announces_the_later_version(bench: _Bench) -> None:
    announcer = bench.start()
    inside, go = Event(), Event()
    publish = announcer._publish

    def slow(manifest: WeightManifest) -> None:
        inside.set()
        assert go.wait(_WAIT_S)
        publish(manifest)

    announcer._publish = slow
    threads = [Thread(target=announcer.announce) for _ in range(2)]
    bench.newest = _manifest('two')
    threads[0].start()
    assert inside.wait(_WAIT_S)
    bench.newest = _manifest('three')
    threads[1].start()
    go.set()
    for thread in threads:
        thread.join(_WAIT_S)
    assert [version for version, _ in bench.told] == ['one', 'two', 'three']
