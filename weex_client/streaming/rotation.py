"""Opens the connection that takes over from one whose time will be up, and speaks on it till then.

It belongs to the supervisor, which lets go of the old connection when the new one is ready.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from weex_client.errors import AuthenticationError, TransportError, WeexClientError
from weex_client.streaming.dialling import Dialled, Dialler
from weex_client.streaming.handover import Handover
from weex_client.streaming.session import Session
from weex_client.streaming.tls import is_distrust
from weex_client.streaming.transport import Transport

__all__ = ["Relief", "Rotation"]

logger = logging.getLogger("weex_client")

# Clients that were started together need not come together (KuCoin sheet, 5).
_JITTER_SECONDS = 600.0

# A token endpoint that fails has the rest of the hour to recover (KuCoin sheet, 5).
_FIRST_DELAY_SECONDS = 5.0
_MAX_DELAY_SECONDS = 300.0

# What a venue sent before the new connection was served may come over another of its servers.
_OVERLAP_SECONDS = 2.0


class Relief(NamedTuple):
    """A connection that is ready to take over, and what has come over it."""

    dialled: Dialled
    handover: Handover


class Rotation:
    """Make a new connection before an old one breaks.

    The new one is subscribed to everything, while what comes over it waits. Once all of it is
    acknowledged, the old one is pinged: its answer proves that whatever the venue sent before
    was shown, and that all after it is among what waits.

    Args:
        session: What is said over the old connection, and will be over the new one.
        dialler: How it is opened.
        wake: Lets what the session wants sent be sent.
        jitter: Draws a number between two others.
    """

    def __init__(
        self,
        session: Session,
        dialler: Dialler,
        wake: asyncio.Event,
        jitter: Callable[[float, float], float],
    ) -> None:
        self._wake = wake
        self._session = session
        self._dialler = dialler
        self._clock = dialler.clock
        self._jitter = jitter
        self._news = asyncio.Event()

    async def relief(self, lifetime_seconds: float) -> Relief | None:
        """Return the connection that takes over, when it is time and it is ready.

        Args:
            lifetime_seconds: How long the old one may be kept.

        Returns:
            None if nothing is subscribed, so that the old one can just end.
        """
        spread = min(_JITTER_SECONDS, lifetime_seconds / 10)
        due = self._clock.monotonic() + lifetime_seconds - self._jitter(0.0, spread)
        await self._clock.wait(asyncio.Event(), due)
        delay_seconds = _FIRST_DELAY_SECONDS
        while self._session.feed_count:
            try:
                return await self._opened()
            except WeexClientError as exc:
                pause = self._jitter(delay_seconds / 2, delay_seconds)
                is_refused = isinstance(exc, AuthenticationError) and not exc.retryable
                is_last = is_refused or is_distrust(exc)
                logger.warning(
                    "%s: the connection that should take over cannot be had: %s; the old one goes"
                    " on, %s",
                    self._dialler.venue.name,
                    exc,
                    "until it ends" if is_last else f"next try in {pause:.0f} s",
                )
                until = None if is_last else self._clock.monotonic() + pause
                await self._clock.wait(asyncio.Event(), until)
                delay_seconds = min(delay_seconds * 2, _MAX_DELAY_SECONDS)
        return None

    async def _opened(self) -> Relief:
        budget, place = self._dialler.budget, _Place()
        budget.take_place(place, self._dialler.owner)  # both count until the old one has ended
        try:
            dialled = await self._dialler.open(
                _tell_nobody,
                is_wanted=lambda: True,
                news=asyncio.Event(),
                patience_seconds=_MAX_DELAY_SECONDS,
            )
            if dialled is None:
                raise TransportError("it is wanted no more")
            return await self._ready(dialled)
        finally:
            budget.give_place_back(place)

    async def _ready(self, dialled: Dialled) -> Relief:
        """Subscribe everything on a new connection; close it where that fails."""
        transport = dialled.transport
        handover = self._session.prepare(self._clock.monotonic())
        self._news.clear()
        reader = asyncio.create_task(
            self._listen(transport, handover), name="weex_client relief reader"
        )
        is_ready = False
        try:
            await self._speak(transport, handover)
            is_ready = True
        finally:
            # What has come and was not read stays in the line, for who reads it next.
            reader.cancel()
            if not is_ready:
                self._session.stay()
                transport.abort()
            await asyncio.wait((reader,))
            if not is_ready:
                await transport.close()
        return Relief(dialled, handover)

    async def _speak(self, transport: Transport, handover: Handover) -> None:
        """Return once nothing is lost if the old connection ends."""
        session, clock = self._session, self._clock
        served_at: float | None = None
        proof_asked_ns: int | None = None
        while True:
            self._news.clear()
            now, due = clock.monotonic(), None
            for text in handover.pull(now, clock.time_ns()):
                await transport.send(text)
            if handover.verdict is not None:
                raise handover.verdict
            if not handover.is_served:
                served_at = proof_asked_ns = None
            elif served_at is None:
                served_at = now
            if served_at is not None:
                due = served_at + _OVERLAP_SECONDS
                was_lost = proof_asked_ns is not None and handover.dropped_ns >= proof_asked_ns
                if now >= due and (proof_asked_ns is None or was_lost):
                    proof_asked_ns = clock.time_ns()
                    session.ask_for_proof(self._news.set)
                    self._wake.set()
                elif proof_asked_ns is not None and session.is_proven:
                    return
            next_due = handover.next_due()
            if due is not None and due > now:
                next_due = min(next_due, due)
            await clock.wait(self._news, next_due)

    async def _listen(self, transport: Transport, handover: Handover) -> None:
        """Keep what comes over the new connection."""
        try:
            while True:
                frames, received_time_ns = await transport.receive()
                now = self._clock.monotonic()
                for frame in frames:
                    handover.receive(frame, received_time_ns, now)
                self._news.set()
        except TransportError as exc:
            handover.verdict = exc
            self._news.set()


class _Place:
    """A place among the connections that an address allows."""


def _tell_nobody(cause: str, delay_seconds: float) -> None:
    """Do nothing: nobody waits for it, the old connection serves."""
