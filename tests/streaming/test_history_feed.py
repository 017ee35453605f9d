"""A past that is asked for: whatever happens meanwhile, nothing comes twice or in disorder."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.streaming.conftest import START_NS, Line, Listener
from tests.venues.kucoin.recorded import VENUE
from weex_client.errors import ConnectError
from weex_client.protocol import Channel, Scope
from weex_client.streaming.seeding import Question
from weex_client.streaming.session import Session

WORDS = ("trade", "trade", "trade", "cut", "ack", "ask", "answer", "fail", "publish", "wait")


class Market(Line):
    """Trades of one symbol, numbered from 1, and a line over which they come, or not."""

    def __init__(self) -> None:
        super().__init__()
        self.venue: Any = VENUE
        counters = self.counters.__getitem__
        self.session = Session(VENUE, Scope.PUBLIC, counters, self.events.append, self.ledger)
        self.reader: Listener = self.join(Channel.TRADES, "A-B")
        self.last = 0
        self.is_up = self.is_served = False
        self.asked: list[dict[str, Any]] = []
        self.question: Question | None = None

    def act(self, word: str) -> None:
        self.wait(0.1)
        match word:
            case "trade":
                self.last += 1
                if self.is_served:
                    self.receive(self.frame())
            case "cut":
                self.cut()
            case "ack" if not self.is_up:
                self.open()
                self.receive({"type": "welcome", "id": "1"})
                self.is_up = True
                self.asked = [each for each in self.requests() if each["type"] == "subscribe"]
                self.is_served = bool(self.asked)
            case "ack":
                for each in self.asked:
                    self.receive({"type": "ack", "id": each["id"]})
                self.asked.clear()
            case "ask" if self.is_up and self.question is None:
                self.question = self.session.seeding.question(self.now, self.now_ns)
            case "answer" | "fail" if self.question is not None:
                self.settle(self.question, is_told=word == "answer")
            case "publish" if (state := self.session.seeding.outgoing()) is not None:
                state.publish_next()
            case "wait":
                self.wait(1.0)

    def cut(self) -> None:
        if self.is_up:
            self.session.lost("the line was cut")
        self.is_up = self.is_served = False
        self.question = None

    def settle(self, question: Question, *, is_told: bool) -> None:
        self.question = None
        if is_told:
            self.session.seeding.answered(question, self.past(), self.now_ns)
        else:
            error = ConnectError("nobody answers", url="x")
            self.session.seeding.failed(question, error, 0.0, self.now, self.now_ns)

    def past(self) -> bytes:
        """The last hundred, as the venue tells them, or the listing, in which the symbol is."""
        rows = [
            {"symbol": "A-B", "sequence": str(n), "price": "1", "size": "1", "side": "buy"}
            | {"time": START_NS + n}
            for n in range(max(1, self.last - 99), self.last + 1)
        ]
        return json.dumps({"code": "200000", "data": rows[::-1] or [{"symbol": "A-B"}]}).encode()

    def frame(self) -> dict[str, Any]:
        number = str(self.last)
        data = {"symbol": "A-B", "sequence": number, "tradeId": number, "price": "1", "size": "1"}
        data |= {"side": "buy", "time": str(START_NS + self.last), "type": "match"}
        topic = "/market/match:A-B"
        return {"topic": topic, "type": "message", "subject": "trade.l3match", "data": data}

    def calm(self) -> None:
        """Let all that is under way come to its end."""
        for word in ("ack", "ack", "ask", "answer", "ask", "answer", *["publish"] * 300, "trade"):
            self.act(word)
        for _ in range(8):
            self.wait(1.0)

    @property
    def told(self) -> list[int]:
        return [int(message.data.trade_id) for message in self.reader.messages]


@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_trades_come_once_in_order_and_what_is_missing_is_told(words: list[str]) -> None:
    market = Market()
    for word in words:
        market.act(word)
    market.calm()
    told = market.told
    assert told == sorted(set(told))
    missing = set(range(told[0], market.last + 1)).difference(told)
    assert not missing or "gap" in market.kinds()
    assert told[-1] == market.last


def test_a_past_that_is_lined_up_when_the_line_ends_is_told() -> None:
    market = Market()
    lost, back = ("trade", "cut", "trade", "trade", "trade"), ("ack", "ack", "ask", "answer")
    for word in ("ack", "ack", *lost, *back, "publish", *lost, *back, *["publish"] * 9):
        market.act(word)
    assert market.told == list(range(1, 9))
    assert market.kinds().count("gap") == 0


def test_a_channel_that_goes_on_though_asking_anew_was_in_vain_tells_of_the_hole() -> None:
    market = Market()
    market.join(Channel.TRADES, "C-D")  # speaks all the time: the line is well
    for _ in range(2):
        market.act("ack")
    for number in range(200):
        market.is_served = number < 60
        market.act("trade")
        market.receive(json.loads(json.dumps(market.frame()).replace("A-B", "C-D")))
        market.wait(1.0)
        for each in market.requests():
            market.receive({"type": "ack" if "topic" in each else "pong", "id": each["id"]})
        if "stale" in market.kinds():
            break
        for word in ("ask", "answer", *["publish"] * 100):
            market.act(word)
    assert "stale" in market.kinds()
    for _ in range(10):
        market.act("trade")  # muted still
    assert "gap" not in market.kinds()
    market.is_served = True
    market.act("trade")
    assert set(range(1, market.last)).difference(market.told)
    assert market.kinds()[-2:] == ["gap", "resubscribed"]
