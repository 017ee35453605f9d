"""A way to a venue that leads to the past: clients of it stream what a tape has."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

from weex_client.config import StreamConfig
from weex_client.errors import ConnectError, TapeError, TransportError, UsageError
from weex_client.protocol import DialRequest, Feed, Scope, Venue
from weex_client.recording.catalogue import Catalogue
from weex_client.recording.contents import Answered, Closed, Contents, Entry, Opened, Received
from weex_client.recording.player import Player
from weex_client.recording.reel import Reel
from weex_client.recording.rows import AnswerRow
from weex_client.recording.taped_venue import TapedFeed, address_of
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.mailbox import Mailbox, OverflowPolicy
from weex_client.streaming.tape import TapeConnector
from weex_client.streaming.transport import Transport

__all__ = ["Replay", "replaying"]


def replaying(path: str | Path, speed: float = 0.0, session: int | None = None) -> Replay:
    """Return a way to replay a tape: ``WeexWebSocketClient(connector=replaying("tape.db"))``.

    Clients get the streams that were recorded, over connections that end where those ended, with
    the books, the time and the decoding of a live client. The tape begins when the first stream
    is opened; several clients, also of several venues, can share one replay.

    Args:
        path: The tape.
        speed: Seconds of the tape in a second: 1 for as it was. 0 for as fast as it is read:
            then readers are waited for, nothing is dropped, and each replay is the same.
        session: Which recorded session, as ``Recording.sessions`` numbers them; None for all.

    Raises:
        TapeError: If it is no tape, cannot be read, or has nothing.
        UsageError: If the speed is less than 0, or no number.
    """
    if not (speed >= 0 and math.isfinite(speed)):
        raise UsageError(f"the speed of a replay is 0 or more, not {speed!r}")
    contents = Contents(path)
    if session is not None and session not in contents.sessions:
        known = ", ".join(str(each) for each in contents.sessions) or "none"
        raise TapeError(f"{path} has no session {session}; its sessions: {known}", path=str(path))
    chosen = list(contents.sessions) if session is None else [session]
    if not chosen:
        raise TapeError(f"{path} is empty: nothing was recorded in it", path=str(path))
    return Replay(contents, chosen, speed)


class Replay(TapeConnector):
    """Lead clients to a tape; made by ``replaying``.

    Attributes:
        clock: The time of the tape.
    """

    def __init__(self, contents: Contents, sessions: list[int], speed: float) -> None:
        self._contents = contents
        self._catalogue = Catalogue(contents)
        self._speed = speed
        answers = contents.answers()
        self._reels = {
            address: Reel(contents, self._catalogue, some, answers)
            for address, some in _by_address(contents, sessions).items()
        }
        self._fetches: dict[int, asyncio.Future[HttpResponse]] = {}
        lines = [row.id for row in contents.lines.values() if row.session in sessions]
        start_ns = min(contents.sessions[each].opened_ns for each in sessions)
        entries = _read_by_somebody(contents, lines, sessions)
        self._player = Player(entries, start_ns, speed, self)
        self.clock = self._player.clock

    # What a client asks.

    def adapted(self, venue: Venue, config: StreamConfig) -> Venue:
        """Return the venue as the tape speaks for it.

        Raises:
            TapeError: If the tape has nothing of that venue, or of the market in the settings.
        """
        market = getattr(config, "market", None)
        reel = self._reels.get(f"tape://{venue.name}/{market or ''}")
        if reel is None:
            wanted = " ".join(filter(None, (venue.name, market)))
            raise TapeError(
                f"{self._contents.path} has nothing of {wanted}; it has"
                f" {self._catalogue.summary()}",
                path=self._contents.path,
            )
        return reel.venue

    def lane_of(self, feed: Feed, scope: Scope) -> int | None:
        """Return which lane brings a feed.

        Raises:
            TapeError: If none does; the text lists what there is.
        """
        return (
            self._reels[feed.address].lane_of(feed, scope) if isinstance(feed, TapedFeed) else None
        )

    def overflow(self, policy: OverflowPolicy) -> OverflowPolicy:
        """Return what happens to messages that find a queue full.

        A tape that is as fast as its readers waits for them instead of dropping something.
        """
        is_patient = not self._speed and policy is OverflowPolicy.DROP_OLDEST
        return OverflowPolicy.BLOCK if is_patient else policy

    def reads(self, mailbox: Mailbox) -> None:
        """Take note of a reader; the tape begins with the first."""
        self._player.reads(mailbox)

    def delay(self, seconds: float) -> float:  # noqa: ARG002  # the tape says when
        """Wait for nothing: when there was a line again, the tape says."""
        return 0.0

    # The way there.

    async def connect(
        self,
        request: DialRequest,
        *,
        max_frame_bytes: int,  # noqa: ARG002  # they came through already
        timeout_seconds: float,  # noqa: ARG002  # the tape's next line comes when it comes
    ) -> Transport:
        """Open a line to the past, when the tape has one.

        Raises:
            TapeEndedError: If none comes any more.
        """
        address, _, scope = request.url.rpartition("/")
        lane = self._reels[address].lane(request.lane, Scope(scope))
        return await lane.dial(self._player.stir)

    async def fetch(
        self,
        request: HttpRequest,
        *,
        timeout_seconds: float,  # noqa: ARG002
        max_bytes: int,  # noqa: ARG002
    ) -> HttpResponse:
        """Return the answer that was recorded, when it was.

        Raises:
            ConnectError: If there was none.
        """
        parts = urlsplit(request.url)
        market, _, rest = parts.path.removeprefix("/").partition("/")
        place = f"/{rest}" + (f"?{parts.query}" if parts.query else "")
        reel = self._reels[f"tape://{parts.netloc}/{market}"]
        row = reel.answer_to(place)
        if row is not None and row.id <= self._player.place:
            return self._response(row, self._contents.body_of(row.id))
        answer: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()
        if row is not None:
            self._fetches[row.id] = answer
        try:
            return await answer  # for ever, where there is none: until the line ends
        finally:
            if row is not None and self._fetches.pop(row.id, None) is not None:
                reel.put_back(row)

    def _response(self, row: AnswerRow, body: bytes) -> HttpResponse:
        if row.status is None:
            raise ConnectError(row.error or "there was no answer", url=row.place)
        return HttpResponse(row.status, body, received_time_ns=row.time_ns)

    # What the player moves.

    @property
    def is_ready(self) -> bool:
        """Tell whether every line is waited on, and has been digested."""
        return all(each.is_awaited for reel in self._reels.values() for each in reel.transports)

    @property
    def is_attended(self) -> bool:
        """Tell whether anybody holds a line, or waits for one."""
        lanes = (lane for reel in self._reels.values() for lane in reel.lanes.values())
        return any(lane.transports or lane.dials for lane in lanes)

    def play(self, entry: Entry) -> bool:
        """Let clients have what an entry says; return False if it concerns nobody."""
        match entry:
            case Received():
                row = self._contents.lines[entry.line]
            case Opened(_, row) | Closed(_, row):
                pass
            case Answered(_, answer):
                return self._answer(answer)
            case _:
                return False
        reel = self._reels[address_of(self._contents.sessions[row.session])]
        return reel.play(entry, row)

    def _answer(self, row: AnswerRow) -> bool:
        fetch = self._fetches.pop(row.id, None)
        if fetch is None or fetch.done():
            return False
        try:
            fetch.set_result(self._response(row, row.body or b""))
        except ConnectError as exc:
            fetch.set_exception(exc)
        return True

    def finish(self, error: TransportError) -> None:
        """End every line: nothing more comes."""
        for reel in self._reels.values():
            for lane in reel.lanes.values():
                lane.finish(error)


def _read_by_somebody(contents: Contents, lines: list[int], sessions: list[int]) -> Iterator[Entry]:
    """Yield what happened until nobody read anything any more, as where a client was closed."""
    left = [row.left_id for row in contents.feeds if row.session in sessions]
    ends = [each for each in left if each is not None]
    last = max(ends) if ends and len(ends) == len(left) else contents.last_id
    return takewhile(lambda entry: entry.id <= last, contents.entries(lines, sessions))


def _by_address(contents: Contents, sessions: Iterable[int]) -> dict[str, list[int]]:
    """Group sessions by venue and market."""
    found: dict[str, list[int]] = {}
    for each in sessions:
        found.setdefault(address_of(contents.sessions[each]), []).append(each)
    return found
