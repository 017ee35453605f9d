"""One venue's market on a tape, as a replay plays it: its lanes, and which of them brings what."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence

from weex_client.errors import TapeError
from weex_client.protocol import Feed, Scope, Venue
from weex_client.recording.asking import shape_of
from weex_client.recording.catalogue import Catalogue
from weex_client.recording.contents import Closed, Contents, Opened, Received
from weex_client.recording.lanes import Lane
from weex_client.recording.rows import AnswerRow, LineRow
from weex_client.recording.taped_lines import TapedLane, TapedTransport

__all__ = ["Reel"]


class Reel:
    """Play the sessions of one venue's market one after the other, as if they were one.

    A lane of a later session goes on where a lane of an earlier one was that carried the same;
    sessions at the same time have lanes of their own, and what both carried comes from the first.

    Args:
        contents: The tape.
        catalogue: What it has.
        sessions: Those of this market.
        answers: What was answered to them.

    Attributes:
        venue: The venue, as the tape speaks for it.
        lanes: By number.
    """

    def __init__(
        self,
        contents: Contents,
        catalogue: Catalogue,
        sessions: Sequence[int],
        answers: Iterable[AnswerRow],
    ) -> None:
        self.venue: Venue = catalogue.venues[sessions[0]]
        self.lanes: dict[int, TapedLane] = {}
        self._contents = contents
        self._catalogue = catalogue
        self._of_line: dict[int, TapedLane] = {}
        self._feeds: dict[tuple[Scope, Feed], TapedLane] = {}
        self._carried: dict[TapedLane, set[Feed]] = {}
        self._until: dict[TapedLane, int] = {}
        self._answers = [
            (row.id, shape_of(row.place), row) for row in answers if row.session in sessions
        ]
        for session in sessions:
            self._add(session)

    def _add(self, session: int) -> None:
        """Put the lanes of a session behind those that fit."""
        contents = self._contents
        offers = self._catalogue.offers(session)
        lines = [row for row in contents.lines.values() if row.session == session]
        scopes = {row.lane: Scope(row.scope) for row in lines}
        used: set[TapedLane] = set()
        kinds = self._catalogue.kinds(session)
        carried = {
            number: {each.feed for each in offers if each.row.lane == number} for number in scopes
        }
        # Lanes that carry something first: they have a claim to the place of those before.
        for number in sorted(scopes, key=lambda each: (-len(carried[each]), each)):
            scope, feeds = scopes[number], carried[number]
            own = [row for row in lines if row.lane == number]
            lane = self._fitting(number, scope, feeds, own[0].id, used)
            used.add(lane)
            lane.add(
                session,
                {row.id for row in own},
                Lane(self._catalogue.venues[session], kinds, contents.sessions[session].opened_ns),
            )
            self._until[lane] = max(row.closed_id or row.id for row in own)
            self._carried.setdefault(lane, set()).update(feeds)
            self._of_line |= {row.id: lane for row in own}
            for feed in feeds:
                self._feeds.setdefault((scope, feed), lane)

    def _fitting(
        self, number: int, scope: Scope, feeds: set[Feed], first: int, used: set[TapedLane]
    ) -> TapedLane:
        free = [
            each
            for each in self.lanes.values()
            if each.scope is scope and each not in used and self._until.get(each, 0) < first
        ]
        same = max(free, key=lambda each: len(self._carried[each] & feeds), default=None)
        if same is not None and (self._carried[same] & feeds or same.number == number):
            return same
        if number in self.lanes:
            number = max(self.lanes) + 1
        lane = self.lanes[number] = TapedLane(number, scope)
        return lane

    def lane(self, number: int, scope: Scope) -> TapedLane:
        """Return a lane; one on which nothing comes where there is none of that number."""
        return self.lanes.setdefault(number, TapedLane(number, scope))

    @property
    def transports(self) -> Iterator[TapedTransport]:
        """Yield what clients hold of it."""
        return (each for lane in self.lanes.values() for each in tuple(lane.transports))

    def play(self, entry: Received | Opened | Closed, row: LineRow) -> bool:
        """Let clients have what an entry of a line says; return False if it concerns nobody."""
        lane = self._of_line[row.id]
        line = lane.line_of(row.session)
        match entry:
            case Received():
                steps = line.received(entry)
            case Opened():
                lane.opened(row.id)
                steps = line.opened(row)
            case Closed():
                steps = line.closed(row)
        is_attended = bool(lane.transports or lane.dials)
        for step in steps:
            lane.take(step)
        return is_attended

    def lane_of(self, feed: Feed, scope: Scope) -> int:
        """Return which lane brings a feed.

        Raises:
            TapeError: If none does; the text lists what there is.
        """
        lane = self._feeds.get((scope, feed))
        if lane is None:
            raise TapeError(
                f"{self._contents.path} has not recorded {feed}; it has"
                f" {self._catalogue.summary()}",
                path=self._contents.path,
            )
        return lane.number

    def answer_to(self, place: str) -> AnswerRow | None:
        """Take the next answer of a place that was given since the lines were up, or None."""
        ups = [lane.last_up for lane in self.lanes.values() if lane.transports]
        since, shape = min(ups, default=0), shape_of(place)
        for number, (place_of_answer, own, row) in enumerate(self._answers):
            if place_of_answer > since and own.endswith(shape):
                del self._answers[number]
                return row
        return None

    def put_back(self, row: AnswerRow) -> None:
        """Have an answer again that nobody waited for."""
        insort(self._answers, (row.id, shape_of(row.place), row))
