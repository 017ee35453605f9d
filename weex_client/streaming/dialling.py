"""How a venue is reached: in its turn, signed at the last moment. When to try again is elsewhere.

A dialler waits, but starts no task.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Self

from weex_client.clock import Clock
from weex_client.config import StreamConfig
from weex_client.errors import AuthenticationError, ConnectError, RateLimitedError
from weex_client.protocol import DialRequest, Scope, Venue
from weex_client.rest import Query
from weex_client.streaming.budget import AddressBudget
from weex_client.streaming.server_time import ServerTime
from weex_client.streaming.tape import tape_of
from weex_client.streaming.transport import Connector, Transport

__all__ = ["Answer", "Dialled", "Dialler"]

logger = logging.getLogger("weex_client")

# A turn that comes a little later than was told, because somebody before was late, is no news.
_WORTH_TELLING_SECONDS = 0.1

# A venue that takes longer for a request is asked again.
_ANSWER_SECONDS = 10.0

Tell = Callable[[str, float], None]
"""Takes why a dial must wait, and how many seconds."""


class Dialled(NamedTuple):
    """A connection, and what the venue said of it before."""

    transport: Transport
    request: DialRequest


class Answer(NamedTuple):
    """What a venue said when it was asked, and when that came.

    Attributes:
        body: None if what was asked about does not exist.
        received_time_ns: Nanoseconds since the epoch.
    """

    body: bytes | None
    received_time_ns: int


class Dialler:
    """Open the connections of one scope.

    Args:
        venue: Where and how to dial.
        scope: Whose connections they are.
        config: How long a dial may take.
        connector: The way there.
        clock: Time.
        budget: What the address allows.
        server_time: The venue's clock, by which dials are signed.
        owner: The client, for the budget to tell from others.
    """

    def __init__(
        self,
        venue: Venue,
        scope: Scope,
        config: StreamConfig,
        connector: Connector,
        clock: Clock,
        budget: AddressBudget,
        server_time: ServerTime,
        owner: object,
    ) -> None:
        self.venue = venue
        self.scope = scope
        self.config = config
        self.clock = clock
        self.budget = budget
        self.server_time = server_time
        self.owner = owner
        self.lane = 0
        self.tape = tape_of(connector)
        self._connector = connector

    def of_lane(self, lane: int) -> Self:
        """Return a dialler for one of the client's connections."""
        dialler = copy.copy(self)
        dialler.lane = lane
        return dialler

    async def open(
        self,
        tell: Tell,
        *,
        is_wanted: Callable[[], bool],
        news: asyncio.Event,
        patience_seconds: float | None = None,
    ) -> Dialled | None:
        """Open a connection when it is its turn.

        Args:
            tell: Is told of a wait.
            is_wanted: Whether the connection is still wanted.
            news: Is set when ``is_wanted`` may have changed.
            patience_seconds: How long to wait at most for more than the distance between two
                dials; None for ever.

        Returns:
            The connection, or None if it is wanted no more.

        Raises:
            RateLimitedError: If the turn would come later than patience allows.
            AuthenticationError: If the venue refuses the credentials twice.
            ConnectError: If there is no connection to be had.
        """

        async def dialled(time_ns: Callable[[], int]) -> Dialled | None:
            if not await self._has_turn(tell, is_wanted, news, patience_seconds):
                return None
            return await self._dial(time_ns())

        try:
            return await dialled(self._server_time_ns)
        except AuthenticationError as exc:
            # A signature is good for half a minute: a clock may be wrong, ours or the venue's as
            # we know it. The refusal tells the time at the venue's door.
            tell(f"{exc}; trying once more with a fresh signature", 0.0)
            known_ns, known_at = exc.server_time_ns, self.clock.monotonic()
            if known_ns is None:
                return await dialled(self.clock.time_ns)
            later = ServerTime()
            later.tell(known_ns, known_at)
            return await dialled(lambda: later.time_ns(self.clock.monotonic(), known_ns))

    async def ask(self, query: Query) -> Answer:
        """Ask for something of the account by request.

        Raises:
            AuthenticationError: If the venue refuses the credentials twice.
            ConfigError: If they would cross the network in clear.
            WeexClientError: If there is no answer, or a refusal.
        """
        try:
            return await self._answer(query, self._server_time_ns())
        except AuthenticationError as exc:
            # As in ``open``: a clock may be wrong.
            known_ns = exc.server_time_ns
            return await self._answer(query, self.clock.time_ns() if known_ns is None else known_ns)

    async def _answer(self, query: Query, time_ns: int) -> Answer:
        response = await self._connector.fetch(
            self.venue.ask(query, time_ns),
            timeout_seconds=_ANSWER_SECONDS,
            max_bytes=self.venue.limits.max_frame_bytes,
        )
        # What is recorded must be told with the time that stands on the tape.
        received_time_ns = response.received_time_ns or self.clock.time_ns()
        return Answer(self.venue.answered(query, response), received_time_ns)

    def _server_time_ns(self) -> int:
        """Return what time it is at the venue, by our wall clock where it has not said."""
        return self.server_time.signing_time_ns(self.clock.monotonic(), self.clock.time_ns())

    async def _has_turn(
        self,
        tell: Tell,
        is_wanted: Callable[[], bool],
        news: asyncio.Event,
        patience_seconds: float | None,
    ) -> bool:
        """Wait for a turn; return False if the connection is wanted no more."""
        now = self.clock.monotonic()
        turn = self.budget.reserve(now)
        told_until = now
        try:
            while is_wanted():
                now = self.clock.monotonic()
                if turn.at <= now and self.budget.take(turn, now):
                    return True
                is_tried = patience_seconds is not None and turn.at - now > patience_seconds
                if is_tried and turn.is_long:
                    raise RateLimitedError(
                        f"{turn.cause}; the next dial may be made in {turn.at - now:.0f} s",
                        retry_after_seconds=turn.at - now,
                    )
                if turn.at - told_until > _WORTH_TELLING_SECONDS:
                    if turn.is_long:
                        logger.warning("%s: waiting %.0f s to dial", turn.cause, turn.at - now)
                    tell(turn.cause, turn.at - now)
                    told_until = turn.at
                news.clear()
                await self.clock.wait(news, turn.at)
            return False
        finally:
            self.budget.give_back(turn)

    async def _dial(self, time_ns: int) -> Dialled:
        timeout_seconds = self.config.open_timeout_seconds
        try:
            request = replace(await self._request(time_ns, timeout_seconds), lane=self.lane)
            transport = await self._connector.connect(
                request,
                max_frame_bytes=self.venue.limits.max_frame_bytes,
                timeout_seconds=timeout_seconds,
            )
            return Dialled(transport, request)
        except (ConnectError, RateLimitedError) as exc:
            if exc.retry_after_seconds is not None:
                # The venue counts by address: what it asks of one it asks of all.
                self.budget.pause(self.clock.monotonic() + exc.retry_after_seconds)
            raise

    async def _request(self, time_ns: int, timeout_seconds: float) -> DialRequest:
        """Return how to dial now, with a fresh ticket where the venue wants one."""
        ticket_request = self.venue.ticket_request(self.scope, time_ns)
        if ticket_request is None:
            return self.venue.dial(self.scope, time_ns)
        ticket = await self._connector.fetch(
            ticket_request,
            timeout_seconds=timeout_seconds,
            max_bytes=self.venue.limits.max_frame_bytes,
        )
        return self.venue.dial(self.scope, time_ns, ticket)
