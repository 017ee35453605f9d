"""The only active part: it owns a connection's tasks and every wait. What to say is the session's.

Nothing else dials, reads, sends or sleeps.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from weex_client.errors import (
    ClientClosedError,
    ConnectError,
    ConnectionLostError,
    RateLimitedError,
    RetriesExhaustedError,
    TapeEndedError,
    TransportError,
    WeexClientError,
)
from weex_client.models import ConnectionEvent, EventKind
from weex_client.streaming.dialling import Dialled, Dialler
from weex_client.streaming.intake import Batch, Intake
from weex_client.streaming.loop_watch import LoopWatch
from weex_client.streaming.mailbox import Gate
from weex_client.streaming.rotation import Relief, Rotation
from weex_client.streaming.seeder import Seeder
from weex_client.streaming.session import Session
from weex_client.streaming.transport import Transport

__all__ = ["Supervisor"]

logger = logging.getLogger("weex_client")

# A connection that lasted so long, with data, was a good one: the next dial waits little again.
_STABLE_SECONDS = 10.0


class Supervisor:
    """Keep one connection open while it is needed, and the session in touch with it.

    Args:
        session: What is said over the connection.
        dialler: How it is opened.
        gate: Shut while a reader holds the socket back.
        watch: Waits, and notices when the program blocks the event loop.
        emit: Takes what users should know.
        jitter: Draws a number between two others.
    """

    def __init__(
        self,
        session: Session,
        dialler: Dialler,
        gate: Gate,
        watch: LoopWatch,
        emit: Callable[[ConnectionEvent], None],
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.session = session
        self.lane = dialler.lane
        self.reconnects = 0
        self.opened_at: float | None = None
        self.channel: StrEnum | None = None  # the only kind that it carries, if it is so
        self._dialler = dialler
        self._config = dialler.config
        self._clock = dialler.clock
        self._gate = gate
        self._watch = watch
        self._emit = emit
        self._jitter = jitter
        self._seeder = Seeder(session.seeding, dialler, gate, jitter)
        self._relief: Relief | None = None
        self._wake = asyncio.Event()
        self._rotation = Rotation(session, dialler, self._wake, jitter)
        self._task: asyncio.Task[None] | None = None
        self._first_dial: asyncio.Future[None] | None = None
        self._retries_first_dial = False
        self._has_been_open = False
        self._has_given_up = False
        self._is_let_go = False
        self._is_cancelled = False

    @property
    def is_open(self) -> bool:
        """Tell whether the connection is open now."""
        return self.opened_at is not None

    @property
    def is_needed(self) -> bool:
        """Tell whether something is subscribed over it."""
        return self.session.feed_count > 0

    @property
    def has_place(self) -> bool:
        """Tell whether the connection is among those that the address allows."""
        return self._dialler.budget.has_place(self)

    def take_place(self) -> None:
        """Be among the connections that the address allows, until it is closed and not needed.

        Raises:
            RateLimitedError: If all places are taken.
        """
        self._dialler.budget.take_place(self, self._dialler.owner)

    def start(self) -> None:
        """Begin; the connection is dialled when it is first needed."""
        self._task = asyncio.create_task(self._run(), name=f"weex_client {self.session.scope}")

    async def dial(self, *, retry: bool) -> None:
        """Begin, and dial now.

        Args:
            retry: Go on trying when the dial fails for a reason that may pass.

        Raises:
            WeexClientError: If the dial fails; then nothing was begun.
        """
        self._first_dial = asyncio.get_running_loop().create_future()
        self._retries_first_dial = retry
        self.start()
        try:
            await self._first_dial
        except BaseException:
            await self.stop()
            raise

    def wake(self) -> None:
        """Let the session's wishes go out in the next turn of the loop."""
        self._wake.set()

    def cancel(self) -> None:
        """Let the tasks end; ``stop`` waits for it.

        A second cancellation would cut the goodbye to the venue short.
        """
        if self._task is not None and not self._is_cancelled:
            self._is_cancelled = True
            self._task.cancel()

    async def stop(self) -> None:
        """Close the connection and end the tasks; may be called again if it was cancelled."""
        self.cancel()
        if self._task is not None:
            await asyncio.wait((self._task,))
        self._dialler.budget.give_place_back(self)  # a task that never began did not

    async def _run(self) -> None:
        try:
            while not await self._kept_connected():
                pass
        finally:
            self._dialler.budget.give_place_back(self)
            self._report_first_dial(ClientClosedError("the client was closed while it connected"))

    async def _kept_connected(self) -> bool:
        """Work until the first dial has failed; return False where a bug calls for a new start."""
        try:
            await self._keep_connected()
        except Exception as exc:
            name = self._dialler.venue.name
            logger.exception("%s: a bug in the client ends its streams", name)
            self.session.end(exc)
            return self._report_first_dial(exc)
        return True

    async def _keep_connected(self) -> None:
        attempt = 0
        while True:
            await self._until_needed()
            try:
                dialled = await self._open(attempt)
            except WeexClientError as exc:
                may_retry = self._retries_first_dial and exc.retryable
                if not may_retry and self._report_first_dial(exc):
                    return
                attempt = await self._after_failure(exc, attempt)
                if self._has_given_up:
                    return
                continue
            if dialled is None:
                continue
            self._report_first_dial(None)
            opened_at = self._clock.monotonic()
            cause = await self._serve(dialled)
            if cause is None or not self.is_needed:
                attempt = 0
                continue
            lasted_seconds = self._clock.monotonic() - opened_at
            if lasted_seconds >= _STABLE_SECONDS and self.session.has_data:
                attempt = 0
            attempt = await self._after_failure(cause, attempt)

    async def _until_needed(self) -> None:
        """Sleep while nothing is subscribed, unless the first dial is asked for."""
        while not self._is_wanted():
            self._dialler.budget.give_place_back(self)
            self._wake.clear()
            await self._clock.wait(self._wake, None)

    def _is_wanted(self) -> bool:
        return self.is_needed or self._first_dial is not None

    def _report_first_dial(self, error: Exception | None) -> bool:
        """Tell who waits for the first dial how it went; return True if somebody did."""
        waiter, self._first_dial = self._first_dial, None
        if waiter is None or waiter.done():
            return False
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)
        return True

    async def _open(self, attempt: int) -> Dialled | None:
        """Dial in turn; None if the connection is wanted no more when its turn comes."""
        # Who waits in ``connect`` reads no events yet: it is told by an error.
        is_watched = self._first_dial is None or self._retries_first_dial
        return await self._dialler.open(
            lambda cause, delay_seconds: self._announce(
                "reconnecting", cause=cause, attempt=max(attempt, 1), delay_seconds=delay_seconds
            ),
            is_wanted=self._is_wanted,
            news=self._wake,
            patience_seconds=None if is_watched else self._config.open_timeout_seconds,
        )

    async def _after_failure(self, error: WeexClientError, attempt: int) -> int:
        """Wait before the next dial, or end the streams where another dial is no use.

        Returns:
            The number of the next attempt.
        """
        if isinstance(error, TapeEndedError):
            self.session.end(None)
            return 0
        attempt += 1
        limit = self._config.max_reconnect_attempts
        # An address that worked before and answers otherwise now (a firewall, a maintenance
        # page) may work again.
        has_status = isinstance(error, ConnectError) and error.status is not None
        may_pass = error.retryable or (self._has_been_open and has_status)
        if may_pass and (limit is None or attempt <= limit):
            await self.back_off(error, attempt)
            return attempt
        if may_pass:
            error = RetriesExhaustedError(
                f"gave up after {limit} attempts to reconnect; the last one: {error}",
                attempts=attempt - 1,
            )
        self._announce("gave_up", cause=str(error))
        self.session.end(error)
        self._has_given_up = self._report_first_dial(error)
        return 0

    async def back_off(self, error: WeexClientError, attempt: int) -> None:
        """Wait a random time below a ceiling that doubles, or as long as the venue asks."""
        first, last = (
            self._config.reconnect_delay_seconds,
            self._config.reconnect_max_delay_seconds,
        )
        delay_seconds = self._jitter(0.0, min(last, first * 2.0 ** min(attempt - 1, 60)))
        if isinstance(error, ConnectError | RateLimitedError):
            delay_seconds = max(delay_seconds, error.retry_after_seconds or 0.0)
        delay_seconds = self._dialler.tape.delay(delay_seconds)
        self._announce(
            "reconnecting", cause=str(error), attempt=attempt, delay_seconds=delay_seconds
        )
        until = self._clock.monotonic() + delay_seconds
        await self._clock.wait(asyncio.Event(), until)

    async def _serve(self, dialled: Dialled) -> TransportError | None:
        """Run one connection to its end, and those that take over from it.

        Returns:
            What ended it, or None if it was no longer needed.
        """
        session = self.session
        self._is_let_go = False
        self._has_been_open = True
        self.opened_at = self._clock.monotonic()
        session.opened(self.opened_at, dialled.request)
        self._announce("connected")
        waiting: Iterable[Batch] = ()
        try:
            while True:
                cause = await self._hold(dialled, waiting)
                relief, self._relief = self._relief, None
                if relief is None:
                    break
                dialled, waiting = relief.dialled, relief.handover.batches()
                self._announce("connected", cause="takes over from a connection whose time is up")
        except BaseException:
            self._drop_relief()
            raise
        self._announce(
            "disconnected",
            cause="no subscription" if cause is None else str(cause),
            close_code=cause.code if isinstance(cause, ConnectionLostError) else None,
        )
        if cause is not None:
            self.reconnects += 1
        return cause

    async def _hold(self, dialled: Dialled, waiting: Iterable[Batch]) -> TransportError | None:
        """Run one line to its end, or until another one takes over.

        Args:
            dialled: The line.
            waiting: What came over it before.

        Returns:
            What ended it, or None if it was no longer needed, or made room.
        """
        session, transport = self.session, dialled.transport
        tasks = [
            asyncio.create_task(self._write(transport), name="weex_client writer"),
            asyncio.create_task(self._seed(transport), name="weex_client seeder"),
        ]
        if dialled.request.lifetime_seconds is not None:
            rotating = self._rotate(transport, dialled.request.lifetime_seconds)
            tasks.append(asyncio.create_task(rotating, name="weex_client rotation"))
        cause: TransportError | None = None
        try:
            await Intake(session, self._gate, self._clock, self._wake).run(transport, waiting)
        except TransportError as exc:
            if self._relief is None and not self._is_let_go:
                cause = session.verdict or exc
        except BaseException:
            self._drop_relief()
            raise
        finally:
            for task in tasks:
                task.cancel()
            self._change_line("the connection was closed" if cause is None else str(cause))
            try:
                await asyncio.wait(tasks)
            finally:
                await transport.close()
        for task in tasks:
            if not task.cancelled() and (bug := task.exception()) is not None:
                raise bug
        return cause

    def _change_line(self, cause: str) -> None:
        """Let the session go on over the line that takes over, or tell it that there is none."""
        if self._relief is None:
            self.opened_at = None
            self.session.lost(cause)
        else:
            dialled, handover = self._relief
            now = self._clock.monotonic()
            self.session.take_over(handover, dialled.request, now, self._clock.time_ns())

    def _drop_relief(self) -> None:
        """End a line that should have taken over."""
        relief, self._relief = self._relief, None
        if relief is not None:
            relief.dialled.transport.abort()
            self.opened_at = None
            self.session.lost("the connection was closed")

    async def _rotate(self, transport: Transport, lifetime_seconds: float) -> None:
        """Let another line take over before the time of this one is up."""
        relief = await self._rotation.relief(lifetime_seconds)
        self._relief = relief
        self._is_let_go |= relief is None
        transport.abort()  # the reader meets the end of the line, once it has read what is there

    async def _write(self, transport: Transport) -> None:
        """Send what the session wants sent, and let its clock run, until cancelled."""
        session, clock = self.session, self._clock
        while True:
            self._wake.clear()
            now = clock.monotonic()
            if self._gate.is_shut:
                session.excuse_silence(now)
            try:
                session.tick(now, clock.time_ns())
                for text in session.pull(now):
                    await transport.send(text)
            except Exception as exc:
                transport.abort()  # the reader meets the end of the line
                if isinstance(exc, TransportError):
                    return
                raise
            self._is_let_go = session.verdict is None and session.is_idle(now)
            if session.verdict is not None or self._is_let_go:
                transport.abort()
                return
            if await self._watch.wait(self._wake, session.next_due(clock.time_ns())):
                session.excuse_silence(clock.monotonic())

    async def _seed(self, transport: Transport) -> None:
        """Read what must be read by request while the connection is open."""
        try:
            await self._seeder.run()
        except WeexClientError as exc:  # what the seeder does not ask again after
            self._announce("gave_up", cause=str(exc))
            self.session.end(exc)
        except Exception:
            transport.abort()  # the reader meets the end of the line
            raise

    def _announce(self, kind: EventKind, **facts: Any) -> None:
        self._emit(
            ConnectionEvent(
                kind=kind,
                timestamp=self._clock.time_ns() / 1_000_000_000,
                scope=self.session.scope.value,
                channel=None if self.channel is None else self.channel.value,
                **facts,
            )
        )
