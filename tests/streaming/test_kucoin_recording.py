"""A recording of nine books as that of 2021 was, made up, and played to a client as it came.

The original, 30 seconds with 3,853 changes of nine symbols and a book of each, is not among the
fixtures; the sheet (sections 2, 3 and 7.5) says what it looks like, and two symbols of it are:
their frames lent the spelling.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.streaming.kucoin_line import CONFIG, TICKET, WELCOME
from tests.streaming.memory_line import MemoryConnector, read, turns, until
from weex_client.client import StreamClient
from weex_client.clock import ManualClock
from weex_client.protocol import DialRequest
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.streaming.budget import Budgets
from weex_client.venues.kucoin import KucoinVenue

SYMBOLS = [
    f"{base}-BTC" for base in ("SNX", "DAPPT", "FET", "EQZ", "XYO", "LTO", "ONE", "POL", "NU")
]
FRAMES = 3853
SECONDS = 30.0
ACKS = 13  # of as many requests under one id
EARLY = 8  # the most that came of a symbol before its book

Sides = tuple[dict[str, str], dict[str, str]]


@dataclass
class Book:
    """A book as the venue has it, and all that it says of it."""

    symbol: str
    sequence: int
    random: Random
    sides: Sides = field(default_factory=lambda: ({}, {}))

    def __post_init__(self) -> None:
        for tick in range(1, 101):
            self.sides[0][self._price(-tick)] = self._size()
            self.sides[1][self._price(tick)] = self._size()

    def change(self) -> dict[str, Any]:
        """Change one level, or none: a third of what the engine counts is about no level."""
        self.sequence += 1
        side, kind = self.random.randrange(2), self.random.random()
        levels = self.sides[side]
        price, size = "0", "0"
        if kind > 1 / 3:
            # Beyond nine tenths of what is there nothing changes: the book stays deep.
            away = self.random.choice((1, 2, 3, 5, 8, 90, 150))
            price = self._price(-away if side == 0 else away)
            size = self._size()
            if kind > 2 / 3 and price in levels and len(levels) > 50:
                size = "0"
            levels[price] = size
            if size == "0":
                del levels[price]
        rows: list[list[list[str]]] = [[], []]
        rows[side] = [[price, size, str(self.sequence)]]
        return {
            "data": {
                "sequenceStart": self.sequence,
                "symbol": self.symbol,
                "changes": {"asks": rows[1], "bids": rows[0]},
                "sequenceEnd": self.sequence,
            },
            "subject": "trade.l2update",
            "topic": f"/market/level2:{self.symbol}",
            "type": "message",
        }

    def picture(self) -> HttpResponse:
        """What a request for the book gets."""
        bids, asks = (list(map(list, levels.items())) for levels in self.sorted())
        data = {"time": 1619378326842, "sequence": str(self.sequence), "bids": bids, "asks": asks}
        return HttpResponse(200, json.dumps({"code": "200000", "data": data}).encode())

    def sorted(self) -> Sides:
        bids, asks = self.sides
        return (
            dict(sorted(bids.items(), key=lambda row: -Decimal(row[0]))),
            dict(sorted(asks.items(), key=lambda row: Decimal(row[0]))),
        )

    def _price(self, tick: int) -> str:
        return str(Decimal("0.00028700") + tick * Decimal("0.00000001"))

    def _size(self) -> str:
        units = self.random.randint(1, 10**10)
        return f"{units // 10**8}.{units % 10**8:08}"


@dataclass
class Recording:
    """What came over the socket, and the answers beside it.

    Attributes:
        frames: Raw, in their order.
        answers: By symbol.
        due: How many messages each symbol's frames call for, the first book among them.
        books: How each stands at the end.
    """

    frames: list[bytes] = field(default_factory=list)
    answers: dict[str, HttpResponse] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)
    books: dict[str, Book] = field(default_factory=dict)


def recording(seed: int) -> Recording:
    """Make one up: acks come between changes, all under the id that the recorded client used."""
    random = Random(seed)
    made = Recording()
    made.books = {
        name: Book(name, 1_612_000_000_000 + random.randrange(10**9), random) for name in SYMBOLS
    }
    early = {name: random.randint(1, EARLY) for name in SYMBOLS}
    counts: dict[str, int] = defaultdict(int)
    made.frames.append(WELCOME)
    others = [b'{"id":"1","type":"ack"}'] * ACKS
    for _ in range(FRAMES):
        if others and random.random() < 0.5:
            made.frames.append(others.pop(0))
        # All speak early, and then some more than others.
        silent = [name for name in SYMBOLS if counts[name] <= EARLY]
        name = random.choice(silent or SYMBOLS[: random.randint(1, 9)])
        made.frames.append(json.dumps(made.books[name].change(), separators=(",", ":")).encode())
        counts[name] += 1
        if counts[name] == early[name]:
            made.answers[name] = made.books[name].picture()
    made.due = {name: counts[name] - early[name] + 1 for name in SYMBOLS}
    return made


class Player(MemoryConnector):
    """Answer with what was recorded, whoever asks and whatever is sent."""

    def __init__(self, clock: ManualClock, tape: Recording) -> None:
        super().__init__(clock)
        self.acknowledges = False
        self.tape = tape

    async def connect(self, request: DialRequest, **limits: Any) -> Any:
        line = await super().connect(request, **limits)
        line.say(self.tape.frames[0])  # before it nothing may be sent
        return line

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        if "orderbook" not in request.url:
            return HttpResponse(200, TICKET)
        return self.tape.answers[request.url.rpartition("symbol=")[2]]


def chunks(frames: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(frames), size):
        yield frames[start : start + size]


@pytest.mark.parametrize("size", [1, 37, FRAMES])
async def test_nine_recorded_books_have_no_gap_and_every_frame_is_a_message(size: int) -> None:
    tape, clock = recording(size), ManualClock()
    player = Player(clock, tape)
    client = StreamClient(
        KucoinVenue(CONFIG), CONFIG, connector=player, clock=clock, budgets=Budgets()
    )
    async with client:
        events = client.events()
        options = {"queue_size": 2 * FRAMES}
        books = {name: client.stream_order_book(name, 100, **options) for name in SYMBOLS}
        deltas = {name: client.stream_order_book_deltas(name, 200, **options) for name in SYMBOLS}
        # What is asked for besides is never acknowledged: there is one id, and many acks of it.
        _others = client.stream_trades(SYMBOLS), client.stream_book_tickers(SYMBOLS)
        await until(lambda: any("subscribe" in text for text in player.line.sent))
        for some in chunks(tape.frames[1:], size):
            player.line.say(*some)
            clock.advance(SECONDS * len(some) / len(tape.frames))
            await turns(30)
        await until(lambda: all(books[name].pending == tape.due[name] for name in SYMBOLS))
        for name in SYMBOLS:
            bids, asks = tape.books[name].sorted()
            views = await read(books[name], tape.due[name])
            assert all(m.data.bids[0][0] < m.data.asks[0][0] for m in views)
            assert [m.is_snapshot for m in views] == [True] + [False] * (len(views) - 1)
            shown = views[-1].data
            assert [[str(p), str(s)] for p, s in shown.bids] == list(map(list, bids.items()))[:100]
            assert [[str(p), str(s)] for p, s in shown.asks] == list(map(list, asks.items()))[:100]
            changes = await read(deltas[name], tape.due[name])
            assert books[name].pending == deltas[name].pending == 0
            steps = [m.data.previous_sequence for m in changes[1:]]
            assert steps == [m.data.sequence for m in changes[:-1]]
        kinds = {event.kind for event in await read(events, events.pending)}
        assert kinds <= {"connected"}
        stats = client.stats()
        assert stats.channels["book"].gaps == stats.channels["book"].decode_errors == 0
        assert stats.scopes["public"].unknown_frames == {}
        assert all(past.hole_count == 0 for past in client.continuity())
