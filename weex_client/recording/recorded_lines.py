"""A client's way to its venue on which all that passes is noted. What becomes of it is elsewhere.

Nothing here waits for the tape, and nothing is done for each frame.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from weex_client.clock import Clock
from weex_client.config import StreamConfig
from weex_client.errors import ConnectionLostError, UnsupportedChannelError, WeexClientError
from weex_client.models import ConnectionEvent
from weex_client.protocol import DialRequest, Scope, Topic, Venue
from weex_client.recording.backlog import Backlog
from weex_client.recording.redaction import Redaction
from weex_client.recording.rows import AnswerRow, EventRow, FeedRow, LineRow, SessionRow
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.frame_connection import Frames, Take
from weex_client.streaming.tape import TapeConnector
from weex_client.streaming.transport import Connector, PromptTransport, Transport

__all__ = ["RecordedConnector"]

_BESIDE_FACTS = frozenset({"kind", "timestamp", "scope", "channel", "symbol"})


class RecordedConnector(TapeConnector):
    """Reach a venue as another connector does, and note what passes.

    Args:
        venue: The venue.
        config: The client's settings.
        connector: The way there.
        clock: The client's time.
        backlog: Returns where things are noted; raises ``UsageError`` while there is no tape.
        package: What records, with its version.
        redact_private: Leave out what private lines and answers say.
    """

    def __init__(
        self,
        venue: Venue,
        config: StreamConfig,
        connector: Connector,
        clock: Clock,
        backlog: Callable[[], Backlog],
        *,
        package: str,
        redact_private: bool,
    ) -> None:
        self._venue = venue
        self._config = config
        self._connector = connector
        self._clock = clock
        self._backlog = backlog
        self._package = package
        self._redacts_private = redact_private
        self._redaction = Redaction(config)
        self._session: SessionRow | None = None
        self._scopes: dict[int, Scope] = {}
        self._feeds: dict[tuple[int, Topic], FeedRow] = {}
        self._market_places: set[str] = set()

    async def connect(
        self, request: DialRequest, *, max_frame_bytes: int, timeout_seconds: float
    ) -> Transport:
        """Open a line as the connector does; what it says first is not noted."""
        backlog, session = self._backlog(), self._session_row()
        transport = await self._connector.connect(
            request, max_frame_bytes=max_frame_bytes, timeout_seconds=timeout_seconds
        )
        scope = self._scopes.get(request.lane, Scope.PUBLIC)
        line = _Line(
            LineRow(
                backlog.place(),
                session.id,
                request.lane,
                scope.value,
                request.address,
                self._clock.time_ns(),
            ),
            backlog,
            self._clock,
            self._redaction,
            is_silent=self._redacts_private and scope is Scope.PRIVATE,
        )
        kind = _RecordedPrompt if isinstance(transport, PromptTransport) else _Recorded
        return kind(transport, line)

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        """Make a request as the connector does, and note what came of it."""
        backlog, session = self._backlog(), self._session_row()
        place = self._redaction.place(request.url)
        asked_id, asked_ns = backlog.place(), self._clock.time_ns()
        row = AnswerRow(0, session.id, request.method, place, asked_id, asked_ns, 0, None, None)
        try:
            response = await self._connector.fetch(
                request, timeout_seconds=timeout_seconds, max_bytes=max_bytes
            )
        except WeexClientError as exc:
            backlog.note(
                row._replace(
                    id=backlog.place(),
                    time_ns=self._clock.time_ns(),
                    error=self._redaction.text(str(exc)),
                )
            )
            raise
        body = None if self._is_secret(request, place) else response.body
        mask = self._redaction.mask
        time_ns = self._clock.time_ns()
        backlog.note(
            row._replace(
                id=backlog.place(),
                time_ns=time_ns,
                status=response.status,
                body=body if body is None or mask is None else mask(body),
            )
        )
        # Messages that are made of it have the time that stands on the tape.
        return replace(response, received_time_ns=time_ns)

    def _is_secret(self, request: HttpRequest, place: str) -> bool:
        # What is posted hands out tickets; all that is read is asked for by GET.
        if request.method != "GET":
            return True
        is_signed = bool(request.headers.keys() - {"User-Agent"})
        # Some venues sign questions about the market too.
        is_private = is_signed and place.partition("?")[0] not in self._market_places
        return is_private and self._redacts_private

    # What the client tells.

    def carries(self, lane: int, scope: Scope, topic: Topic) -> None:
        """Note that a lane is asked for a topic from now on."""
        backlog, session = self._backlog(), self._session_row()
        self._scopes[lane] = scope
        self._note_market(topic)
        row = FeedRow(
            backlog.place(),
            session.id,
            lane,
            scope.value,
            topic.channel.value,
            topic.symbol,
            topic.level,
            topic.interval,
        )
        self._feeds[lane, topic] = row
        backlog.begin(row)

    def _note_market(self, topic: Topic) -> None:
        try:
            query = self._venue.book_query(self._venue.feed(topic))
        except UnsupportedChannelError:
            return  # a feed that only the client knows: no book
        if query is not None:
            self._market_places.add(query.path)

    def leaves(self, lane: int, scope: Scope, topic: Topic) -> None:  # noqa: ARG002  # is known
        """Note that nobody reads a topic of a lane any more."""
        row = self._feeds.pop((lane, topic), None)
        if row is not None:
            backlog = self._backlog()
            backlog.end(row._replace(left_id=backlog.place()))

    def happened(self, event: ConnectionEvent) -> None:
        """Note what the client's users are told."""
        backlog, session = self._backlog(), self._session_row()
        facts = event.model_dump(mode="json", exclude_none=True, exclude=set(_BESIDE_FACTS))
        backlog.note(
            EventRow(
                backlog.place(),
                session.id,
                self._clock.time_ns(),
                event.kind,
                event.scope,
                event.channel,
                event.symbol,
                self._redaction.text(json.dumps(facts, separators=(",", ":"))),
            )
        )

    def closed(self) -> None:
        """Note that the client was closed; opened again, it is another session."""
        for lane, topic in tuple(self._feeds):
            self.leaves(lane, self._scopes[lane], topic)
        self._scopes.clear()
        session, self._session = self._session, None
        if session is not None:
            self._backlog().end(session._replace(closed_ns=self._clock.time_ns()))

    def _session_row(self) -> SessionRow:
        """Return what the tape calls this client, which it meets now if it had not before."""
        if self._session is None:
            backlog = self._backlog()
            market: Any = getattr(self._config, "market", None)
            self._session = SessionRow(
                backlog.place(),
                self._venue.name,
                market.value if isinstance(market, StrEnum) else market,
                self._redaction.settings(self._config),
                self._package,
                self._clock.time_ns(),
            )
            backlog.begin(self._session)
        return self._session


class _Line:
    """Note what one line brings, and how it ends."""

    def __init__(
        self,
        row: LineRow,
        backlog: Backlog,
        clock: Clock,
        redaction: Redaction,
        *,
        is_silent: bool,
    ) -> None:
        self.is_silent = is_silent
        self._row = row
        self._id = row.id
        self._backlog = backlog
        self._clock = clock
        self._redaction = redaction
        self._mask = redaction.mask
        self._is_over = False
        backlog.begin(row)

    def heard(self, batch: Frames) -> None:
        """Note frames that were received together."""
        if batch.frames and not self.is_silent:
            self._backlog.hear(self._id, batch.frames, batch.received_time_ns, self._mask)

    def said(self, text: str) -> None:
        """Note a frame that was sent."""
        if not self.is_silent:
            self._backlog.say(self._id, self._redaction.sent(text), self._clock.time_ns())

    def dropped(self) -> None:
        """Note that we let the line go; what is there already may still be read."""
        if not self._is_over:
            self._row = self._row._replace(is_ours=1, cause="closed by the client")
            self._end()

    def ended(self, error: ConnectionLostError | None) -> None:
        """Note that nothing more comes, and why; None if we let it go."""
        if self._is_over:
            return
        if error is None:
            self.dropped()
        elif not self._row.is_ours:
            cause = self._redaction.text(str(error))
            self._row = self._row._replace(code=error.code, cause=cause)
        self._is_over = True
        self._end()

    def _end(self) -> None:
        self._row = self._row._replace(
            closed_id=self._backlog.place(), closed_ns=self._clock.time_ns()
        )
        self._backlog.end(self._row)


class _Recorded(Transport):
    """A line that is recorded."""

    def __init__(self, transport: Transport, line: _Line) -> None:
        self._transport = transport
        self._line = line

    async def receive(self) -> Frames:
        """Return what is there, once it is noted."""
        try:
            batch = await self._transport.receive()
        except ConnectionLostError as exc:
            self._line.ended(exc)
            raise
        self._line.heard(batch)
        return batch

    async def send(self, text: str) -> None:
        """Send one frame; what could not be sent is not noted."""
        await self._transport.send(text)
        self._line.said(text)

    async def close(self) -> None:
        """Say goodbye and end the line."""
        self._line.dropped()
        try:
            await self._transport.close()
        finally:
            self._line.ended(None)

    def abort(self) -> None:
        """End the line at once."""
        self._line.dropped()
        self._transport.abort()


class _RecordedPrompt(_Recorded, PromptTransport):
    """A recorded line that hands frames over in the moment in which they are read."""

    _transport: PromptTransport

    def deliver_to(self, take: Take | None) -> None:
        """Hand frames over once they are noted."""
        line = self._line
        if take is None or line.is_silent:
            self._transport.deliver_to(take)
            return

        def noted(batch: Frames) -> bool:
            line.heard(batch)
            return take(batch)

        self._transport.deliver_to(noted)
