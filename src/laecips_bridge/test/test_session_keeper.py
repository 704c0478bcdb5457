"""The keeper's one session: opened, watched, opened again."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from time import monotonic

import pytest
import zenoh

from laecips_bridge import session_keeper
from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.session_keeper import close_session
from laecips_bridge.session_keeper import SessionKeeper
from laecips_bridge.zenoh_settings import open_session
from laecips_bridge.zenoh_settings import PRIORITIES
from laecips_bridge.zenoh_settings import robot_settings
from laecips_bridge.zenoh_settings import server_settings

_WAIT_S = 10.0
Until = Callable[[Callable[[], bool]], None]


@dataclass
class Told:
    """What the keeper told, in order."""

    events: list[str] = field(default_factory=list)
    sessions: list[zenoh.Session] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    good: bool = True
    fail_with: Exception | None = None

    def on_open(self, session: zenoh.Session) -> None:
        self.sessions.append(session)
        self.events.append('open')
        error, self.fail_with = self.fail_with, None
        if error is not None:
            raise error

    def on_lost(self, reason: str) -> None:
        self.events.append(f'lost: {reason}')

    def on_refused(self, reason: str) -> None:
        self.refused.append(reason)

    def still_good(self) -> bool:
        return self.good


@pytest.fixture
def told() -> Told:
    return Told()


Keep = Callable[..., SessionKeeper]


@pytest.fixture
def keep(told: Told, config: Callable[..., BridgeConfig]) -> Iterator[Keep]:
    """Give a way to start keepers that are stopped at the end."""
    kept: list[SessionKeeper] = []

    def start(first_s: float = 0.05, most_s: float = 0.1) -> SessionKeeper:
        settings = robot_settings(config(link__connect_timeout_s=1.0))
        kept.append(SessionKeeper(settings, told, first_s, most_s, told.still_good))
        return kept[-1]

    yield start
    for keeper in kept:
        keeper.stop(_WAIT_S)
        assert not keeper._thread.is_alive()


@pytest.fixture
def listen(config: Callable[..., BridgeConfig]) -> Iterator[Callable[[], zenoh.Session]]:
    opened: list[zenoh.Session] = []

    def start() -> zenoh.Session:
        opened.append(open_session(server_settings(config())))
        return opened[-1]

    yield start
    for session in opened:
        if not session.is_closed():
            session.close()


def test_it_opens_a_session_of_two_connections(
    keep: Keep, told: Told, listen: Callable[[], zenoh.Session], until: Until
) -> None:
    listen()
    keeper = keep()
    until(lambda: told.events == ['open'])
    assert sorted(link.priorities for link in told.sessions[0].info.links()) == list(PRIORITIES)
    begun_s = monotonic()
    keeper.stop(_WAIT_S)
    assert monotonic() - begun_s < 2.0
    assert told.events == ['open', 'lost: the bridge ends']
    assert told.sessions[0].is_closed()


def test_pauses_double_up_to_the_most(
    keep: Keep, told: Told, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    pauses_s: list[float] = []
    keeper_of = session_keeper.Event

    class Noting(keeper_of):  # type: ignore[misc,valid-type]
        def wait(self, timeout: float | None = None) -> bool:
            pauses_s.append(timeout or 0.0)
            return self.is_set()

    def refuse(settings: object) -> zenoh.Session:
        raise zenoh.ZError('refused')

    monkeypatch.setattr(session_keeper, 'Event', Noting)
    monkeypatch.setattr(session_keeper, 'open_session', refuse)
    keeper = keep(first_s=0.5, most_s=3.0)
    until(lambda: len(pauses_s) >= 6)
    keeper.stop(_WAIT_S)
    assert pauses_s[:6] == [0.5, 1.0, 2.0, 3.0, 3.0, 3.0]


def test_an_attempt_that_fails_is_told_with_its_reason(
    keep: Keep, told: Told, until: Until
) -> None:
    keep()
    until(lambda: len(told.refused) >= 2)
    assert 'Unable to connect' in told.refused[0]
    assert told.events == []


def test_a_server_that_comes_later_is_found(
    keep: Keep, told: Told, listen: Callable[[], zenoh.Session], until: Until
) -> None:
    keep()
    until(lambda: bool(told.refused))
    listen()
    until(lambda: told.events == ['open'])


def test_a_session_that_is_lost_is_opened_again(
    keep: Keep, told: Told, listen: Callable[[], zenoh.Session], until: Until
) -> None:
    server = listen()
    keep()
    until(lambda: told.events == ['open'])
    server.close()
    until(lambda: len(told.events) >= 2)
    assert told.events == ['open', 'lost: a connection was closed']
    listen()
    until(lambda: len(told.events) >= 3)
    assert told.events[2] == 'open'
    assert told.sessions[0].is_closed()


def test_a_session_that_no_longer_serves_is_opened_again(
    keep: Keep, told: Told, listen: Callable[[], zenoh.Session], until: Until
) -> None:
    listen()
    keep()
    until(lambda: told.events == ['open'])
    told.good = False
    until(lambda: len(told.events) >= 2)
    told.good = True
    until(lambda: len(told.sessions) >= 2)
    assert told.events[:3] == ['open', 'lost: no heartbeat came back', 'open']


@pytest.mark.parametrize('error', [zenoh.ZError('gone'), OSError('gone')])
def test_one_lost_while_it_is_put_to_use_is_opened_again(
    keep: Keep,
    told: Told,
    listen: Callable[[], zenoh.Session],
    until: Until,
    error: Exception,
) -> None:
    told.fail_with = error
    listen()
    keep()
    until(lambda: len(told.events) >= 3)
    assert told.events[:3] == ['open', 'lost: gone', 'open']
    assert told.sessions[0].is_closed()


def test_it_stops_within_a_pause(keep: Keep, told: Told, until: Until) -> None:
    keeper = keep(first_s=60.0, most_s=60.0)
    until(lambda: bool(told.refused))
    begun_s = monotonic()
    keeper.stop(_WAIT_S)
    assert monotonic() - begun_s < 1.0


def test_a_session_that_opens_after_the_stop_is_not_used(
    keep: Keep, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    keepers: list[SessionKeeper] = []
    plain = zenoh.Config()
    plain.insert_json5('scouting/multicast/enabled', 'false')
    plain.insert_json5('listen/endpoints', '[]')
    opened: list[zenoh.Session] = []

    def open_late(settings: object) -> zenoh.Session:
        while not keepers:
            pass
        keepers[0]._stopped.set()
        opened.append(zenoh.open(plain))
        return opened[0]

    monkeypatch.setattr(session_keeper, 'open_session', open_late)
    keepers.append(keep())
    keepers[0].stop(_WAIT_S)
    assert told.events == []
    assert opened[0].is_closed()


def test_closing_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session_keeper, '_CLOSE_TIMEOUT_S', 0.05)
    release = session_keeper.Event()

    class Stuck:
        def close(self) -> None:
            release.wait(_WAIT_S)

    close_session(Stuck())  # type: ignore[arg-type]
    release.set()
    assert 'a session did not close' in caplog.text
