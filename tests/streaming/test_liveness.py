"""Alive means data: what falls silent, who is to blame for it, and what is never blamed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from weex_client.errors import SilentLineError
from weex_client.protocol import Channel, Scope, Topic

from .conftest import Line

BTC, ETH = "BTCUSDT", "ETHUSDT"


def ticker(symbol: str = BTC) -> dict[str, Any]:
    return {"e": "ticker", "E": 1_790_000_000_000, "s": symbol, "d": [{"c": "1", "o": "1"}]}


def trades(*ids: str, symbol: str = BTC, snapshot: bool = False) -> dict[str, Any]:
    return {
        "e": "tradeSnapshot" if snapshot else "trade",
        "E": 1_790_000_000_000,
        "s": symbol,
        "d": [
            {"T": 1_790_000_000_000 + number, "t": name, "p": "1", "q": "1", "v": "1", "m": True}
            for number, name in enumerate(ids)
        ],
    }


def depth(symbol: str = BTC, sequence: int = 100, bid: str = "99") -> dict[str, Any]:
    return {
        "e": "depthSnapshot",
        "E": 1_790_000_000_000,
        "s": symbol,
        "U": 1,
        "u": sequence,
        "l": 15,
        "d": "SNAPSHOT",
        "b": [[bid, "1"]],
        "a": [["101", "1"]],
    }


class Venue:
    """The other end of a line: it acknowledges, pongs, and says what it still says."""

    def __init__(self, line: Line, *, acknowledges: bool = True) -> None:
        self.line = line
        self.acknowledges = acknowledges
        self.sent: list[tuple[float, str, list[str]]] = []
        self.on_subscribe: Callable[[str], list[dict[str, Any]]] = lambda _: []

    def serve(self) -> None:
        for request in self.line.requests():
            self.sent.append((self.line.now, request["method"], request.get("params", [])))
            if self.acknowledges:
                self.line.answer([request])
            for feed in request.get("params", []) if request["method"] == "SUBSCRIBE" else []:
                self.line.receive(*self.on_subscribe(feed))

    def live(self, seconds: float, *frames: dict[str, Any], every: float = 1.0) -> None:
        """Let time go by, saying some frames again and again, until a verdict."""
        end = self.line.now + seconds
        while self.line.now < end and self.line.session.verdict is None:
            self.line.wait(0.5)
            self.serve()
            if frames and self.line.now % every == 0:
                self.line.receive(*frames)

    def asked(self, method: str = "SUBSCRIBE") -> list[tuple[float, list[str]]]:
        return [(at, feeds) for at, sent, feeds in self.sent if sent == method]


@pytest.fixture
def venue(line: Line) -> Venue:
    line.open()
    return Venue(line)


def told(line: Line, kind: str) -> list[Any]:
    return [event for event in line.events if event.kind == kind]


# The whole line.


def test_connection_that_answers_but_never_delivers_is_replaced(line: Line, venue: Venue) -> None:
    line.join(Channel.TICKER, BTC)
    venue.live(60, {"id": "9", "method": "PONG"})
    verdict = line.session.verdict
    assert isinstance(verdict, SilentLineError)
    assert 40 <= line.now <= 42
    assert "no data came for 40 s, though the venue answers" in str(verdict)


def test_connection_that_delivered_and_then_only_answers_is_replaced(
    line: Line, venue: Venue
) -> None:
    line.join(Channel.TICKER, BTC)
    line.join(Channel.BOOK, ETH, level=5)
    venue.serve()
    line.receive(depth(ETH))
    venue.live(100, ticker())
    assert line.session.verdict is None
    fell_silent = line.now
    venue.live(100, {"event": "ping", "time": "1"})
    assert line.session.verdict is not None
    assert 40 <= line.now - fell_silent <= 42


def test_hole_of_a_connection_that_only_answered_begins_with_its_last_data(
    line: Line, venue: Venue
) -> None:
    line.join(Channel.TICKER, BTC)
    venue.live(100, ticker())
    venue.live(100, {"id": "9", "method": "PONG"})
    line.session.lost(str(line.session.verdict))
    line.now += 5
    line.open()
    venue.serve()
    line.receive(ticker())
    (resubscribed,) = told(line, "resubscribed")
    assert resubscribed.duration_seconds == pytest.approx(46, abs=2)


@pytest.mark.parametrize("channel", [Channel.TRADES, Channel.BOOK_TICKER])
def test_market_without_news_never_costs_the_connection(
    make_line: type[Line], channel: Channel
) -> None:
    line = make_line("spot")
    line.open()
    venue = Venue(line)
    line.join(channel, BTC)
    venue.serve()
    if channel is Channel.TRADES:
        line.receive(trades(snapshot=True))
    venue.live(7200)
    assert line.session.verdict is None
    assert venue.asked() == [(0.0, venue.asked()[0][1])]
    assert line.events == []


def test_symbol_that_trades_once_an_hour_is_never_doubted(line: Line, venue: Venue) -> None:
    line.join(Channel.TRADES, BTC)
    venue.serve()
    line.receive(trades(snapshot=True))
    for hour in range(8):
        venue.live(3600)
        line.receive(trades(f"trade {hour}"))
    assert len(venue.asked()) == 1
    assert line.events == []


def test_account_that_was_busy_and_is_quiet_keeps_its_connection(make_line: type[Line]) -> None:
    line = make_line("contract", Scope.PRIVATE)
    line.open()
    venue = Venue(line)
    line.join(Channel.ORDERS)
    order = {"e": "orders", "E": 1, "v": 1, "msgEvent": "OrderUpdate", "d": []}
    venue.live(300, order)
    venue.live(7200)
    assert line.session.verdict is None
    assert len(venue.asked()) == 1


def test_market_that_falls_quiet_is_asked_for_anew_and_believed(line: Line, venue: Venue) -> None:
    line.join(Channel.TRADES, BTC)
    venue.on_subscribe = lambda _: [trades("last", snapshot=True)]
    venue.live(120, trades("last"))
    busy_until = line.now
    venue.live(4 * 3600)
    assert line.session.verdict is None
    # It waits ever longer: after half a minute, two, eight, half an hour, two hours.
    assert 3 <= len(venue.asked()) - 1 <= 6
    assert venue.asked()[1][0] - busy_until == pytest.approx(30, abs=8)
    assert told(line, "stale") == told(line, "gap") == []
    (report,) = line.ledger.report(line.now, line.now_ns)
    assert report.is_complete  # each replay reached back to the last trade known


def test_halted_market_is_not_answered_with_a_storm_of_connections(line: Line) -> None:
    line.join(Channel.TICKER, BTC)
    lines = []
    while line.now < 3600:
        line.open()
        venue = Venue(line)
        venue.live(3600)
        lines.append(line.now)
        line.session.lost(str(line.session.verdict))
    gaps = [later - earlier for earlier, later in pairwise(lines)]
    assert gaps == sorted(gaps)
    assert len(lines) <= 8
    stale = told(line, "stale")
    assert stale
    assert (stale[0].channel, stale[0].symbol) == ("ticker", BTC)


def test_patience_is_short_again_after_a_connection_that_served(line: Line, venue: Venue) -> None:
    line.join(Channel.TICKER, BTC)
    for _ in range(3):
        venue.live(3600)
        line.session.lost("silent")
        line.open()
    venue.live(300, ticker())
    served_until = line.now
    venue.live(3600)
    assert line.now - served_until < 400


# One feed.


def test_feed_silent_among_speaking_neighbours_is_asked_for_anew_then_stale_then_resubscribed(
    line: Line, venue: Venue
) -> None:
    line.join(Channel.TICKER, BTC)
    line.join(Channel.TICKER, ETH)
    venue.live(60, ticker(BTC), ticker(ETH))
    venue.live(29, ticker(ETH))
    assert len(venue.asked()) == 1
    venue.live(3, ticker(ETH))
    assert venue.asked("UNSUBSCRIBE")[0][1] == ["BTCUSDT@ticker"]
    assert venue.asked()[1][1] == ["BTCUSDT@ticker"]
    assert line.events == []
    venue.live(11, ticker(ETH))
    (stale,) = line.events
    assert (stale.kind, stale.channel, stale.symbol) == ("stale", "ticker", BTC)
    assert stale.duration_seconds == pytest.approx(41, abs=2)
    venue.live(10, ticker(BTC), ticker(ETH))
    (_, again) = line.events
    assert (again.kind, again.channel, again.symbol) == ("resubscribed", "ticker", BTC)
    assert again.duration_seconds == pytest.approx(43, abs=2)
    assert line.session.verdict is None


def test_feed_that_wakes_when_asked_for_anew_is_never_stale(line: Line, venue: Venue) -> None:
    line.join(Channel.TICKER, BTC)
    line.join(Channel.TICKER, ETH)
    venue.live(60, ticker(BTC), ticker(ETH))
    venue.on_subscribe = lambda feed: [ticker(BTC)]
    venue.live(60, ticker(ETH))
    assert [event.kind for event in line.events] == ["resubscribed"]
    btc, eth = line.ledger.report(line.now, line.now_ns)
    assert [hole.cause for hole in btc.holes] == ["it fell silent"]
    assert eth.is_complete


def test_dead_feed_is_asked_for_ever_more_rarely_and_never_costs_the_line(
    line: Line, venue: Venue
) -> None:
    line.join(Channel.TICKER, BTC)
    line.join(Channel.TICKER, ETH)
    venue.live(6 * 3600, ticker(ETH))
    assert line.session.verdict is None
    again = [at for at, _ in venue.asked()[1:]]
    assert again[0] == pytest.approx(30, abs=1)
    assert 5 <= len(again) <= 12
    assert len(told(line, "stale")) == len(again)


def test_dead_feed_beside_a_quiet_one_does_not_cost_the_line(line: Line, venue: Venue) -> None:
    line.join(Channel.TICKER, BTC)
    line.join(Channel.TRADES, ETH)
    connections = 1
    for number in range(100):
        line.receive(trades(f"trade {number}", symbol=ETH))
        venue.live(100)
        if line.session.verdict is not None:
            line.session.lost("silent")
            line.open()
            connections += 1
    # Until the line speaks while the feed does not, both are to blame.
    assert connections <= 3
    assert told(line, "stale")


def test_trades_missed_by_a_subscription_that_ended_unnoticed_are_a_gap(
    line: Line, venue: Venue
) -> None:
    line.join(Channel.TRADES, BTC)
    line.join(Channel.TICKER, ETH)
    number = 0
    while line.now < 60:
        number += 1
        line.receive(trades(f"trade {number}"))
        venue.live(1, ticker(ETH))
    venue.on_subscribe = lambda _: [trades("unknown", "another", snapshot=True)]
    venue.live(60, ticker(ETH))
    (gap,) = told(line, "gap")
    assert (gap.channel, gap.symbol) == ("trades", BTC)
    assert 20 < gap.duration_seconds < 60


@pytest.mark.parametrize(("bid", "holes"), [("99", 0), ("98", 1)])
def test_silent_book_has_missed_something_if_the_new_snapshot_differs(
    line: Line, venue: Venue, bid: str, holes: int
) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    line.join(Channel.TICKER, ETH)
    venue.serve()
    venue.live(60, depth(), ticker(ETH))
    venue.on_subscribe = lambda _: [depth(sequence=200, bid=bid)]
    venue.live(40, ticker(ETH))
    assert [event.kind for event in line.events] == ["resubscribed"]
    book = line.ledger.report(line.now, line.now_ns)[0]
    assert book.hole_count == holes


# Silence of our own making.


def test_silence_while_the_program_was_blocked_is_nobodys_fault(line: Line, venue: Venue) -> None:
    line.join(Channel.TICKER, BTC)
    venue.live(60, ticker())
    line.now += 120
    line.session.excuse_silence(line.now)
    line.wait(0)
    venue.serve()
    assert line.session.verdict is None
    assert len(venue.asked()) == 1
    line.receive(ticker())
    venue.live(29)
    assert len(venue.asked()) == 1


def test_answers_that_wait_in_the_socket_while_the_program_is_blocked_are_not_missed(
    line: Line,
) -> None:
    line.open()
    line.join(Channel.BOOK, BTC, level=5)
    line.requests()
    line.now += 60
    line.session.excuse_silence(line.now)
    line.wait(0)
    assert line.requests() == []
    line.wait(9.9)
    assert line.requests() == []
    line.wait(0.1)
    assert [request["method"] for request in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]


def test_wall_clock_that_is_set_back_or_forward_deceives_nobody(line: Line, venue: Venue) -> None:
    line.join(Channel.TICKER, BTC)
    venue.live(60, ticker())
    for jump_ns in (86_400 * 10**9, -2 * 86_400 * 10**9):
        for _ in range(60):
            line.now += 1
            now_ns = line.now_ns + jump_ns
            line.session.heard([b""], now_ns, line.now)
            line.session.receive(b'{"e":"ticker","E":1,"s":"BTCUSDT","d":[{"c":"1"}]}', now_ns)
            line.session.tick(line.now, now_ns)
            venue.serve()
    assert line.session.verdict is None
    assert len(venue.asked()) == 1


def test_looks_are_among_what_is_due(line: Line, venue: Venue) -> None:
    assert line.session.next_due(line.now_ns) == 45.0  # idle
    reader = line.join(Channel.TICKER, BTC)
    line.wait(0)
    assert line.session.next_due(line.now_ns) == 6.0
    line.leave(Topic(Channel.TICKER, BTC), reader)
    assert line.session.next_due(line.now_ns) == 45.0


def test_line_that_is_held_back_again_and_again_is_not_given_up_for_its_answers(line: Line) -> None:
    line.open()
    line.join(Channel.TICKER, BTC)
    line.join(Channel.BOOK, BTC, level=5)
    line.requests()
    for _ in range(60):
        # A reader holds the socket for 15 s, and lets one frame through.
        for _ in range(3):
            line.now += 5
            line.session.excuse_silence(line.now)
            line.wait(0)
        line.receive(ticker())
        assert line.requests() == []
    assert line.session.verdict is None
    line.wait(10)
    assert [request["method"] for request in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]
