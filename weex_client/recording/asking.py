"""Questions that a replayed session has, and which answer of the tape is whose. Pure.

What is asked, and what an answer means, ``streaming.seeding`` says; that a place may differ in the
times it names is said here.
"""

from __future__ import annotations

import math
import re

from weex_client.errors import WeexClientError
from weex_client.protocol import Venue
from weex_client.recording.rows import AnswerRow
from weex_client.recording.taped_venue import place_of
from weex_client.rest import HttpResponse
from weex_client.streaming.asked_feed import AskedFeed
from weex_client.streaming.listing import Listing
from weex_client.streaming.seeding import Question, Seeded, Seeding

__all__ = ["Asking", "shape_of"]

# A moment in a query differs by milliseconds from that of the recording.
_MOMENT = re.compile(r"\d{10,}|\d{4}-\d\d-\d\dT(?:[\d.:]|%3A)+Z?", re.IGNORECASE)


def shape_of(place: str) -> str:
    """Return a place without the moments that it names."""
    return _MOMENT.sub("#", place)


class Asking:
    """Put the questions of one session's feeds to a tape, as ``streaming.seeder`` does to a venue.

    Attributes:
        has_news: Whether ``step`` has something to do now.

    Args:
        seeding: What is to be asked.
        venue: Reads answers.
    """

    def __init__(self, seeding: Seeding, venue: Venue) -> None:
        self._seeding = seeding
        self._venue = venue
        self._open: dict[Seeded | Listing, tuple[Question, int]] = {}
        self.has_news = False
        seeding.notify = self._note

    def _note(self) -> None:
        self.has_news = True

    def due(self) -> float | None:
        """Return when ``step`` has something to do, or None."""
        if self.has_news:
            return 0.0
        due = self._seeding.ask_due()
        return None if due is None or math.isinf(due) else due

    def step(self, place: int, now: float, now_ns: int) -> None:
        """Publish what can be published, and put what questions there are.

        Args:
            place: Where on the tape this is: only later questions' answers are for these.
            now: Monotonic time.
            now_ns: The time, nanoseconds since the epoch.
        """
        self.has_news = False
        seeding = self._seeding
        while (state := seeding.outgoing()) is not None:
            state.publish_next()
        while (question := seeding.question(now, now_ns)) is not None:
            question.state.ask_at = math.inf
            self._open[question.state] = (question, place)

    def answered(self, row: AnswerRow, now: float, now_ns: int) -> None:
        """Take an answer, if it is to one of these questions."""
        shape = shape_of(row.place)  # which may begin with a path of the address
        for state, (question, place) in self._open.items():
            if row.asked_id > place and shape.endswith(shape_of(place_of(question.query))):
                del self._open[state]
                self._take(question, row, now, now_ns)
                return

    def _take(self, question: Question, row: AnswerRow, now: float, now_ns: int) -> None:
        state = question.state
        state.ask_at = now
        self.has_news = True
        if row.status is None:
            return  # there was none: it was asked again
        try:
            response = HttpResponse(row.status, row.body or b"")
            body = self._venue.answered(question.query, response)
            self._seeding.answered(question, body, row.time_ns)
        except WeexClientError as exc:
            if isinstance(state, AskedFeed) and state.is_refusal(exc):
                self._seeding.refused(question, exc, now_ns)
            else:
                state.attempt += 1
                self._seeding.failed(question, exc, 0.0, now, now_ns)
