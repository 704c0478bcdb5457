from __future__ import annotations

import asyncio

from laecips_bridge.emulator.link_clock import LinkClock


class Outside:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_it_follows_the_time_outside() -> None:
    outside = Outside()
    clock = LinkClock(outside)
    outside.now_s = 102.5
    assert clock.now_s() == 102.5


def test_it_stands_still_while_cut_and_goes_on_where_it_was() -> None:
    outside = Outside()
    clock = LinkClock(outside)
    outside.now_s = 101.0
    clock.cut()
    outside.now_s = 103.0
    clock.cut()
    assert clock.now_s() == 101.0
    outside.now_s = 107.0
    clock.mend()
    outside.now_s = 108.0
    clock.mend()
    assert clock.now_s() == 102.0


def test_a_cut_holds_even_what_is_due() -> None:
    async def waits() -> tuple[bool, bool]:
        clock = LinkClock(Outside())
        clock.cut()
        waiting = asyncio.ensure_future(clock.wait_until(50.0))
        for _ in range(5):
            await asyncio.sleep(0)
        held = not waiting.done()
        clock.mend()
        await asyncio.wait_for(waiting, 10)
        return held, waiting.done()

    assert asyncio.run(waits()) == (True, True)


def test_a_cut_during_the_wait_makes_it_longer() -> None:
    async def waits() -> float:
        loop = asyncio.get_running_loop()
        clock = LinkClock(loop.time)
        begin_s = loop.time()
        waiting = asyncio.ensure_future(clock.wait_until(begin_s + 0.1))
        await asyncio.sleep(0)
        clock.cut()
        loop.call_later(0.3, clock.mend)
        await asyncio.wait_for(waiting, 10)
        return loop.time() - begin_s

    assert asyncio.run(waits()) > 0.38
