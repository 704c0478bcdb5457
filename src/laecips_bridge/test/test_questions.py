"""Questions over a real session: each is settled exactly once."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from threading import Barrier
from threading import Thread
from typing import Protocol

import pytest
import zenoh

from laecips_bridge.questions import Questions
from laecips_bridge.questions import Reply
from laecips_bridge.questions import Urgency

KEY = 'laecips/spot/question'
LONG_S = 30.0
Until = Callable[[Callable[[], bool]], None]


class Link(Protocol):
    server: zenoh.Session
    robot: zenoh.Session


@dataclass
class Desk:
    """The other side: keeps the questions until the test answers them."""

    queries: list[zenoh.Query] = field(default_factory=list)

    def answer(self, number: int, payload: bytes) -> None:
        self.queries[number].reply(KEY, payload)
        self.queries[number].drop()


@pytest.fixture
def desk(link: Link, until: Until) -> Iterator[Desk]:
    made = Desk()
    queryable = link.server.declare_queryable(KEY, made.queries.append)
    querier = link.robot.declare_querier(KEY)
    until(lambda: bool(querier.matching_status.matching))
    yield made
    for query in made.queries:
        query.drop()
    querier.undeclare()
    queryable.undeclare()


@pytest.fixture
def questions() -> Iterator[Questions]:
    made = Questions()
    yield made
    made.close()


def ask(
    questions: Questions,
    payload: bytes = b'?',
    urgency: Urgency = Urgency.FRAME,
    timeout_s: float = LONG_S,
    key: str = KEY,
) -> list[Reply]:
    """Ask at second 0; give the list to which every settlement is added."""
    replies: list[Reply] = []
    questions.ask(key, payload, urgency, 0.0, timeout_s, replies.append)
    return replies


def test_a_question_is_answered(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    replies = ask(questions, b'how are you')
    until(lambda: len(desk.queries) == 1)
    assert bytes(desk.queries[0].payload or b'') == b'how are you'
    assert len(questions) == 1
    desk.answer(0, b'fine')
    until(lambda: len(replies) == 1)
    assert replies == [Reply(b'fine')]
    assert len(questions) == 0


def test_answers_find_their_questions(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    first, second = ask(questions, b'1'), ask(questions, b'2')
    until(lambda: len(desk.queries) == 2)
    for number in (1, 0):
        desk.answer(number, bytes(desk.queries[number].payload or b''))
    until(lambda: len(first) + len(second) == 2)
    assert (first, second) == ([Reply(b'1')], [Reply(b'2')])


def test_a_refusal_comes_with_its_words(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    replies = ask(questions)
    until(lambda: len(desk.queries) == 1)
    desk.queries[0].reply_err('not you \N{SNOWMAN}'.encode()[:-1])
    desk.queries[0].drop()
    until(lambda: len(replies) == 1)
    assert replies == [Reply(None, 'not you \N{REPLACEMENT CHARACTER}')]


def test_without_a_session_it_is_settled_at_once(questions: Questions) -> None:
    assert ask(questions) == [Reply(None, 'there is no link')]
    assert len(questions) == 0


def test_where_nobody_answers_it_is_told(link: Link, questions: Questions, until: Until) -> None:
    questions.use(link.robot)
    replies = ask(questions, key='laecips/spot/nobody')
    until(lambda: len(replies) == 1)
    assert replies == [Reply(None, 'nobody answers there')]


def test_a_question_dropped_unanswered_is_told(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    replies = ask(questions)
    until(lambda: len(desk.queries) == 1)
    desk.queries[0].drop()
    until(lambda: len(replies) == 1)
    assert replies == [Reply(None, 'nobody answers there')]


def test_the_deadline_settles_it_and_an_answer_after_it_counts_for_nothing(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    replies, control = ask(questions, timeout_s=20.0), ask(questions)
    until(lambda: len(desk.queries) == 2)
    questions.expire(19.9)
    assert replies == []
    questions.expire(20.0)
    assert replies == [Reply(None, 'no answer before the deadline')]
    desk.answer(0, b'late')
    desk.answer(1, b'in time')
    until(lambda: len(control) == 1)
    assert len(replies) == 1


def test_zenohs_own_deadline_settles_it_too(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    replies = ask(questions, timeout_s=0.05)
    until(lambda: len(replies) == 1)
    assert replies[0].payload is None
    assert replies[0].reason == 'Timeout'


def test_a_lost_session_settles_what_is_open(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    first, second = ask(questions), ask(questions, urgency=Urgency.BACKGROUND)
    until(lambda: len(desk.queries) == 2)
    questions.use(None)
    assert first == second == [Reply(None, 'the link was lost')]
    desk.answer(0, b'late')
    questions.use(link.robot)
    control = ask(questions)
    until(lambda: len(desk.queries) == 3)
    desk.answer(2, b'new')
    until(lambda: len(control) == 1)
    assert len(first) == 1


def test_answer_deadline_and_loss_at_once_settle_it_once(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    for number in range(30):
        replies = ask(questions)
        until(lambda: len(desk.queries) == number + 1)  # noqa: B023
        start = Barrier(3)

        def at_once(call: Callable[[], None], start: Barrier = start) -> Thread:
            thread = Thread(target=lambda: (start.wait(), call()))
            thread.start()
            return thread

        threads = [
            at_once(lambda: desk.answer(number, b'!')),  # noqa: B023
            at_once(lambda: questions.expire(LONG_S)),
            at_once(lambda: questions.use(None)),
        ]
        for thread in threads:
            thread.join()
        questions.use(link.robot)
        assert len(replies) == 1
    assert len(questions) == 0


def test_a_closed_session_settles_it(questions: Questions, until: Until) -> None:
    settings = zenoh.Config()
    settings.insert_json5('scouting/multicast/enabled', 'false')
    settings.insert_json5('listen/endpoints', '[]')
    session = zenoh.open(settings)
    questions.use(session)
    session.close()
    replies = ask(questions)
    until(lambda: len(replies) == 1)
    # Zenoh says that it is closed, or drops the question first.
    assert replies[0].payload is None
    assert replies[0].reason


def test_what_the_queue_does_not_hold_is_settled_at_once(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    start = Barrier(2)
    questions._threads[Urgency.FRAME].run(start.wait)
    until(lambda: start.n_waiting == 1)
    asked = [ask(questions) for _ in range(65)]
    assert asked[:64] == [[]] * 64
    assert asked[64] == [Reply(None, '64 messages wait for the link')]
    other = ask(questions, urgency=Urgency.BEAT)
    until(lambda: len(desk.queries) == 1)
    desk.answer(0, b'goes on')
    until(lambda: len(other) == 1)
    start.wait()


def test_one_that_was_settled_while_it_waited_is_not_sent(
    link: Link, desk: Desk, questions: Questions, until: Until
) -> None:
    questions.use(link.robot)
    start = Barrier(2)
    questions._threads[Urgency.FRAME].run(start.wait)
    ask(questions, b'old', timeout_s=1.0)
    questions.expire(1.0)
    ask(questions, b'new')
    start.wait()
    until(lambda: len(desk.queries) == 1)
    assert bytes(desk.queries[0].payload or b'') == b'new'


@pytest.mark.parametrize('urgency', Urgency)
def test_the_answer_has_the_priority_of_its_urgency(
    link: Link, desk: Desk, urgency: Urgency, until: Until
) -> None:
    priorities: list[zenoh.Priority] = []
    expected = {
        Urgency.FRAME: zenoh.Priority.INTERACTIVE_HIGH,
        Urgency.BEAT: zenoh.Priority.INTERACTIVE_LOW,
        Urgency.BACKGROUND: zenoh.Priority.BACKGROUND,
    }[urgency]

    class Noting:
        """The session; notes the priority of what comes back, which is that of the question."""

        def get(self, key: str, handler: zenoh.handlers.Callback, **how: object) -> None:
            def note(reply: zenoh.Reply) -> None:
                assert reply.ok is not None
                priorities.append(reply.ok.priority)
                handler(reply)

            noting = zenoh.handlers.Callback(note, handler.drop)
            link.robot.get(key, noting, **how)  # type: ignore[arg-type]

    questions = Questions()
    questions.use(Noting())  # type: ignore[arg-type]
    replies = ask(questions, urgency=urgency)
    until(lambda: len(desk.queries) == 1)
    desk.answer(0, b'!')
    until(lambda: len(replies) == 1)
    questions.close()
    assert priorities == [expected]


def test_closing_settles_all_and_ends_the_threads(link: Link, desk: Desk, until: Until) -> None:
    questions = Questions()
    questions.use(link.robot)
    replies = ask(questions)
    until(lambda: len(desk.queries) == 1)
    questions.close()
    assert replies == [Reply(None, 'the link was lost')]
    assert not any(thread._thread.is_alive() for thread in questions._threads.values())
    assert ask(questions) == [Reply(None, 'there is no link')]
