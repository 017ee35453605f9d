"""One client's socket at an exchange that plays a tape. What the venue's words are: speech."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from weex_client.sandbox.connection import Connection
from weex_client.sandbox.outgoing import OutgoingFrame
from weex_client.sandbox.taped.film import Film
from weex_client.sandbox.taped.speech import Speech

__all__ = ["TapedSocket"]

# Requests of a client that has just come follow each other closely: what it wants in all of them
# is played from the start.
_GATHERING_SECONDS = 0.25


class TapedSocket:
    """Play the tape from its start to one client, as far as it has subscribed.

    It begins with the client's first subscription. At its end the line stays open, and silent.

    Attributes:
        connection: The client's line; ``streams`` are what it is subscribed to.
    """

    def __init__(self, connection: Connection, film: Film, speech: Speech, speed: float) -> None:
        self.connection = connection
        self._film = film
        self._speech = speech
        self._speed = speed
        self._has_begun = asyncio.Event()
        self._began_at: float | None = None

    @property
    def time_ns(self) -> int:
        """Return what time it is on this client's tape."""
        if self._began_at is None:
            return self._film.start_ns
        passed = (asyncio.get_running_loop().time() - self._began_at) * self._speed
        return self._film.start_ns + round(passed * 1_000_000_000)

    async def serve(self, socket: ServerConnection, connection_id: str) -> None:
        """Greet as the venue does, then answer each frame, until either side ends it."""
        greeting = self._speech.greeting(connection_id, self.time_ns)
        if greeting is not None:
            self.connection.send(greeting)
        playing = asyncio.create_task(self._play(), name="sandbox-tape")
        try:
            async for frame in socket:
                text = frame if isinstance(frame, str) else frame.decode(errors="replace")
                self.connection.note_request(text)
                self._answer(text)
        except ConnectionClosed:
            # How a client leaves is its own affair.
            return
        finally:
            playing.cancel()
            await asyncio.wait((playing,))
            if not playing.cancelled():
                playing.result()

    def tick(self, time_ns: int) -> None:
        """Do nothing: a tape has a time of its own."""

    def _answer(self, text: str) -> None:
        heard = self._speech.hear(text, self.time_ns)
        for answer in heard.answers:
            self.connection.answer(answer)
        self.connection.streams.update(heard.joined)
        self.connection.streams.difference_update(heard.left)
        if heard.joined:
            self._has_begun.set()

    async def _play(self) -> None:
        await self._has_begun.wait()
        await asyncio.sleep(_GATHERING_SECONDS)
        loop = asyncio.get_running_loop()
        first_ns: int | None = None
        for shown in self._film.frames():
            if first_ns is None:
                first_ns = shown.time_ns
                passed = (first_ns - self._film.start_ns) / 1e9 / self._speed
                self._began_at = loop.time() - passed  # nobody waits for what comes first
            wait_seconds = (shown.time_ns - self.time_ns) / 1e9 / self._speed
            if wait_seconds > 0.0:
                await asyncio.sleep(wait_seconds)
            stream = next((feed for feed in shown.feeds if feed in self.connection.streams), None)
            if stream is not None:
                self.connection.send(OutgoingFrame(shown.frame.decode(), stream))
                if self.connection.is_cut:
                    return
