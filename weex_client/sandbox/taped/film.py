"""What a tape has of one venue's market, to be played to any number of clients from its start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from weex_client.protocol import Data, Feed
from weex_client.recording.asking import shape_of
from weex_client.recording.catalogue import Catalogue, Request
from weex_client.recording.contents import Contents, Received
from weex_client.recording.rows import AnswerRow

__all__ = ["Film", "Shown"]


class Shown(NamedTuple):
    """A data frame, when it came, and the feeds that it may be part of."""

    time_ns: int
    frame: bytes
    feeds: tuple[Feed, ...]


class Film:
    """Show the data frames of one venue's market, each once, in the order of the tape.

    Args:
        contents: The tape.
        catalogue: What it has.
        sessions: Those of this market.

    Attributes:
        feeds: What it has, as the venue spells it.
        start_ns: Where it begins.
    """

    def __init__(self, contents: Contents, catalogue: Catalogue, sessions: Sequence[int]) -> None:
        self._contents = contents
        self._sessions = list(sessions)
        self._venue = catalogue.venues[sessions[0]]
        row = contents.sessions[sessions[0]]
        self.start_ns = row.opened_ns
        wishes = catalogue.wishes(Request(venue=row.venue))
        own = [wish for wish in wishes if wish.session in self._sessions]
        carrier = self._venue.carrier
        # What several clients recorded at the same time is shown as the first of them had it.
        self._lanes: dict[Feed, set[tuple[int, int]]] = {}
        for wish in own:
            for feed in (carrier(wish.feed), *self._venue.companions(wish.feed)):
                self._lanes.setdefault(feed, set()).add((wish.session, wish.lane))
        self.feeds = frozenset(self._lanes)
        self._answers = [row for row in contents.answers() if row.session in self._sessions]

    def frames(self) -> Iterator[Shown]:
        """Yield what is to be shown, from the start."""
        lines = [row.id for row in self._contents.lines.values() if row.session in self._sessions]
        for entry in self._contents.entries(lines, self._sessions):
            if isinstance(entry, Received):
                row = self._contents.lines[entry.line]
                for frame in entry.frames:
                    feeds = self._feeds_of(frame, (row.session, row.lane))
                    if feeds:
                        yield Shown(entry.time_ns, frame, feeds)

    def _feeds_of(self, frame: bytes, lane: tuple[int, int]) -> tuple[Feed, ...]:
        event = self._venue.read(frame)
        if not isinstance(event, Data):
            return ()
        feeds = (event.feed, *event.others)
        return tuple(feed for feed in feeds if lane in self._lanes.get(feed, ()))

    def answer(self, place: str, time_ns: int) -> tuple[AnswerRow, bytes] | None:
        """Return what was last answered to a question until a time, or else first; or None."""
        shape = shape_of(place)
        rows = [row for row in self._answers if shape_of(row.place).endswith(shape) and row.status]
        if not rows:
            return None
        past = [row for row in rows if row.time_ns <= time_ns]
        row = past[-1] if past else rows[0]
        return row, self._contents.body_of(row.id)
