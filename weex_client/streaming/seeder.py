"""Puts the questions of a connection's feeds, and publishes what comes of it.

It waits, but starts no task. What is asked, and what an answer means, ``seeding`` says.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from weex_client.errors import (
    AuthenticationError,
    ConnectError,
    RateLimitedError,
    WeexClientError,
)
from weex_client.streaming.account_feed import AccountFeed
from weex_client.streaming.asked_feed import AskedFeed
from weex_client.streaming.dialling import Dialler
from weex_client.streaming.mailbox import Gate
from weex_client.streaming.seeding import Question, Seeding
from weex_client.streaming.tls import is_distrust

__all__ = ["Seeder"]


class Seeder:
    """Read what must be read by request while a connection is open.

    Args:
        seeding: What is to be asked.
        dialler: Signs and puts a question.
        gate: Shut while a reader holds the socket back; pressed when one needs a turn.
        jitter: Draws a number between two others.
    """

    def __init__(
        self,
        seeding: Seeding,
        dialler: Dialler,
        gate: Gate,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._seeding = seeding
        self._dialler = dialler
        self._config = dialler.config
        self._clock = dialler.clock
        self._gate = gate
        self._jitter = jitter

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            AuthenticationError: If the venue refuses the credentials.
            ConnectError: If who answers is not to be trusted.
        """
        news = asyncio.Event()
        self._seeding.notify = news.set
        while True:
            news.clear()
            await self._publish()
            question = self._seeding.question(self._clock.monotonic(), self._clock.time_ns())
            if question is None:
                await self._clock.wait(news, self._seeding.ask_due())
            else:
                await self._put(question)

    async def _publish(self) -> None:
        """Publish what is lined up, with a turn for readers whose queue fills."""
        gate = self._gate
        while (state := self._seeding.outgoing()) is not None:
            await gate.passed()
            if state.has_outgoing:
                state.publish_next()
            if gate.is_pressed:
                gate.is_pressed = False
                await asyncio.sleep(0)

    async def _put(self, question: Question) -> None:
        clock = self._clock
        try:
            answer = await self._dialler.ask(question.query)
            self._seeding.answered(question, *answer)
        except WeexClientError as exc:
            now_ns, state = clock.time_ns(), question.state
            if isinstance(state, AskedFeed):
                if state.is_refusal(exc):
                    self._seeding.refused(question, exc, now_ns)
                    return
            elif is_distrust(exc) or (isinstance(state, AccountFeed) and _is_refusal(exc)):
                raise
            state.attempt += 1
            delay_seconds = self._delay_seconds(state.attempt, exc)
            self._seeding.failed(question, exc, delay_seconds, clock.monotonic(), now_ns)

    def _delay_seconds(self, attempt: int, error: WeexClientError) -> float:
        """Return a random time below a ceiling that doubles, or as long as the venue asks."""
        first, last = (
            self._config.reconnect_delay_seconds,
            self._config.reconnect_max_delay_seconds,
        )
        ceiling = min(last, first * 2.0 ** min(attempt - 1, 60))
        delay_seconds = self._jitter(ceiling / 2, ceiling)
        if isinstance(error, ConnectError | RateLimitedError):
            delay_seconds = max(delay_seconds, error.retry_after_seconds or 0.0)
        return self._dialler.tape.delay(delay_seconds)


def _is_refusal(error: WeexClientError) -> bool:
    return isinstance(error, AuthenticationError) and not error.retryable
