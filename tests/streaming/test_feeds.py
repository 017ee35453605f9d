"""What is made of a feed's frames: books, trades once, candles closed, tickers as they come."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from weex_client.errors import DecodeError
from weex_client.protocol import Channel, Scope, Topic

from .conftest import START_NS, Line

Captured = Callable[[str], list[bytes]]
BTC = "BTCUSDT"
START_MS = START_NS // 1_000_000


def depth(
    previous: int,
    sequence: int,
    *,
    bids: list[list[str]] | None = None,
    asks: list[list[str]] | None = None,
    is_snapshot: bool = False,
) -> dict[str, Any]:
    return {
        "e": "depthSnapshot" if is_snapshot else "depth",
        "E": START_MS,
        "s": BTC,
        "U": previous,
        "u": sequence,
        "l": 15,
        "d": "SNAPSHOT" if is_snapshot else "CHANGED",
        "b": bids or [],
        "a": asks or [],
    }


SNAPSHOT = depth(90, 100, bids=[["99", "1"], ["98", "2"]], asks=[["101", "3"]], is_snapshot=True)
DEAD = depth(0, 0, is_snapshot=True)


def trades(*ids: str, is_snapshot: bool = False) -> dict[str, Any]:
    rows = [
        {"T": START_MS + index, "t": name, "p": "10.5", "q": "1", "v": "10.5", "m": True}
        for index, name in enumerate(ids)
    ]
    return {"e": "tradeSnapshot" if is_snapshot else "trade", "E": START_MS, "s": BTC, "d": rows}


def candles(
    *minutes: int, close: str = "1", is_snapshot: bool = False, sent_seconds: float = 0
) -> dict[str, Any]:
    """Candles of minutes after the start, which is not on the minute: it does not matter."""
    rows = [
        {
            "t": START_MS + minute * 60_000,
            "T": START_MS + minute * 60_000 + 60_000,
            "s": BTC,
            "i": "1m",
            **dict.fromkeys("ohl", "1"),
            "c": close,
        }
        for minute in minutes
    ]
    event = "klineSnapshot" if is_snapshot else "kline"
    sent_ms = START_MS + round(sent_seconds * 1000)
    return {"e": event, "E": sent_ms, "s": BTC, "p": "LAST_PRICE", "d": rows}


def opened(line: Line) -> None:
    line.open()
    line.answer(line.requests())


# Books.


def test_book_chain_is_shown_frame_by_frame(line: Line, captured: Captured) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    deltas = line.join(Channel.BOOK_DELTAS, BTC, level=15)
    opened(line)
    line.receive(*captured("contract-depth.jsonl"))
    assert (len(book.messages), len(deltas.messages)) == (61, 61)
    last = book.messages[-1]
    assert (last.channel, last.symbol, last.sequence) == ("book", BTC, 16786246795)
    assert (len(last.data.bids), len(last.data.asks)) == (5, 5)
    assert last.data.bids[0] == (Decimal("79982.1"), Decimal("2.4325"))
    assert last.data.asks[0] == (Decimal("79982.2"), Decimal("2.7899"))
    assert last.data.spread == Decimal("0.1")
    assert last.received_time_ns == line.now_ns
    assert [message.is_snapshot for message in book.messages] == [True] + [False] * 60


def test_changes_are_shown_as_the_venue_sent_them(line: Line) -> None:
    deltas = line.join(Channel.BOOK_DELTAS, BTC, level=15)
    opened(line)
    line.receive(SNAPSHOT, depth(100, 105, bids=[["99", "0"], ["98", "7"]]))
    snapshot, change = deltas.messages
    assert (snapshot.is_snapshot, snapshot.data.previous_sequence) == (True, None)
    assert (change.is_snapshot, change.data.previous_sequence) == (False, 100)
    assert (change.sequence, change.data.sequence, change.channel) == (105, 105, "book_deltas")
    assert change.data.bids == ((Decimal(99), Decimal(0)), (Decimal(98), Decimal(7)))
    assert change.exchange_time_ns == START_NS


def test_change_before_the_snapshot_is_discarded(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(depth(80, 90, bids=[["1", "1"]]))
    assert book.messages == []
    assert line.events == []
    line.receive(SNAPSHOT)
    assert book.messages[0].data.best_bid == Decimal(99)


def test_gap_drops_the_book_and_resubscribes(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, depth(104, 110, bids=[["99", "5"]]), depth(110, 111))
    assert len(book.messages) == 1
    assert [(r["method"], r["params"]) for r in line.requests()] == [
        ("UNSUBSCRIBE", ["BTCUSDT@depth15"]),
        ("SUBSCRIBE", ["BTCUSDT@depth15"]),
    ]
    (event,) = line.events
    assert (event.kind, event.channel, event.symbol) == ("gap", "book", BTC)
    assert (event.from_sequence, event.to_sequence) == (100, 104)
    assert line.counters["book"].gaps == 1


def test_new_snapshot_after_a_gap_is_shown_again(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, depth(104, 110), depth(200, 300, bids=[["50", "1"]], is_snapshot=True))
    assert [message.sequence for message in book.messages] == [100, 300]


def test_stale_duplicate_is_dropped_silently(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, depth(90, 95, bids=[["99", "9"]]), depth(100, 101, bids=[["98", "0"]]))
    assert [message.sequence for message in book.messages] == [100, 101]
    assert book.messages[-1].data.bids == ((Decimal(99), Decimal(1)),)
    assert (line.events, line.requests()) == ([], [])


def test_crossed_book_is_never_shown(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, depth(100, 101, bids=[["101", "1"]]))
    assert len(book.messages) == 1
    assert line.kinds() == ["gap"]
    assert [r["method"] for r in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]
    assert line.counters["book"].decode_errors == 1
    assert "crossed book" in caplog.text


def test_crossed_book_that_nobody_looked_at_says_so_when_somebody_does(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, *(depth(at, at + 1) for at in range(100, 110)))
    unseen = len(book.messages)
    line.receive(depth(110, 111, bids=[["101", "1"]]), depth(111, 112, bids=[["97", "1"]]))
    assert len(book.messages) == unseen + 2
    assert line.kinds() == []
    with pytest.raises(DecodeError, match="crossed book"):
        book.messages[-1].data.best_bid  # noqa: B018
    with pytest.raises(DecodeError, match="crossed book"):
        book.messages[-2].data.best_ask  # noqa: B018
    assert book.messages[-3].data.best_bid == Decimal(99)
    line.receive(depth(112, 113))
    assert len(book.messages) == unseen + 2
    assert line.kinds() == ["gap"]
    assert [r["method"] for r in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]


def test_crossed_book_that_nobody_looks_at_is_found_in_the_end(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, *(depth(at, at + 1) for at in range(100, 110)))
    line.receive(depth(110, 111, bids=[["101", "1"]]))
    line.receive(*(depth(at, at + 1) for at in range(111, 150)))
    assert line.kinds() == ["gap"]
    assert [r["method"] for r in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]
    assert len(book.messages) < 40


def test_book_that_goes_back_says_so_but_not_on_a_new_connection(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, depth(100, 101), SNAPSHOT | {"u": 101})
    assert line.events == []
    line.receive(SNAPSHOT)
    (gap,) = line.events
    assert (gap.kind, gap.from_sequence, gap.to_sequence) == ("gap", 101, 100)
    assert [message.sequence for message in book.messages] == [100, 101, 101, 100]
    line.session.lost("cut")
    opened(line)
    line.receive(SNAPSHOT | {"u": 7})
    assert line.kinds() == ["gap", "resubscribed"]


def test_book_frame_with_a_price_spelled_nan_costs_one_resubscription(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, depth(100, 101, bids=[["NaN", "1"]]))
    assert len(book.messages) == 1
    assert line.counters["book"].decode_errors == 1
    assert [r["method"] for r in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]


def test_dead_symbol_is_announced_and_shows_nothing(line: Line, captured: Captured) -> None:
    book = line.join(Channel.BOOK, "DEADUSDT", level=5)
    opened(line)
    line.receive(*captured("synthetic-depth-dead-symbol.jsonl"))
    assert book.messages == []
    (event,) = line.events
    assert (event.kind, event.symbol) == ("stale", "DEADUSDT")
    line.wait(20)
    assert [r["method"] for r in line.requests()] == []


def test_reader_who_joins_after_the_symbol_died_sees_no_old_book(line: Line) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, DEAD)
    assert line.join(Channel.BOOK, BTC, level=2).messages == []


def test_reader_who_joins_late_starts_from_the_book_as_it_stands(line: Line) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT, depth(100, 101, asks=[["102", "4"]]))
    (view,) = line.join(Channel.BOOK, BTC, level=1).messages
    assert (view.is_snapshot, view.sequence) == (True, 101)
    assert (len(view.data.bids), len(view.data.asks)) == (1, 1)
    (delta,) = line.join(Channel.BOOK_DELTAS, BTC, level=15).messages
    assert (delta.is_snapshot, delta.data.sequence, delta.data.previous_sequence) == (
        True,
        101,
        None,
    )
    assert len(delta.data.asks) == 2


def test_reader_who_joins_an_unfinished_book_starts_from_nothing(line: Line) -> None:
    line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    assert line.join(Channel.BOOK, BTC, level=1).messages == []


@pytest.mark.parametrize(
    ("channel", "level"), [(Channel.BOOK, 5), (Channel.BOOK, 15), (Channel.BOOK_DELTAS, 200)]
)
def test_reader_who_joins_readers_of_changes_starts_from_a_new_snapshot(
    line: Line, channel: Channel, level: int
) -> None:
    depth_level = 200 if level == 200 else 15
    first = line.join(Channel.BOOK_DELTAS, BTC, level=depth_level)
    opened(line)
    snapshot = SNAPSHOT | {"l": depth_level}
    line.receive(snapshot, depth(100, 101) | {"l": depth_level})
    reader = line.join(channel, BTC, level=level)
    assert reader.messages == []
    line.receive(depth(101, 102, bids=[["97", "1"]]) | {"l": depth_level})
    assert [r["method"] for r in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]
    line.receive(snapshot)
    assert reader.messages[-1].is_snapshot
    assert len(reader.messages[-1].data.bids) == 2
    assert first.messages[-1].is_snapshot


def test_gap_in_changes_that_nobody_folds_is_found_all_the_same(line: Line) -> None:
    reader = line.join(Channel.BOOK_DELTAS, BTC, level=15)
    opened(line)
    line.receive(SNAPSHOT, depth(104, 110), depth(110, 111))
    assert len(reader.messages) == 1
    assert line.kinds() == ["gap"]
    assert [r["method"] for r in line.requests()] == ["UNSUBSCRIBE", "SUBSCRIBE"]


@pytest.mark.parametrize("size", ["", ".", "1.2.3", "-1", "NaN", "1e5"])
def test_change_that_is_no_number_never_reaches_a_reader_of_changes(line: Line, size: str) -> None:
    reader = line.join(Channel.BOOK_DELTAS, BTC, level=15)
    opened(line)
    line.receive(SNAPSHOT, depth(100, 101, bids=[["99", size]]))
    assert len(reader.messages) == 1
    assert line.counters["book_deltas"].decode_errors == 1


def test_lost_connection_hides_the_book_until_a_new_snapshot(line: Line) -> None:
    book = line.join(Channel.BOOK, BTC, level=5)
    opened(line)
    line.receive(SNAPSHOT)
    line.session.lost("cut")
    opened(line)
    line.receive(depth(100, 101))
    assert len(book.messages) == 1
    line.receive(SNAPSHOT)
    assert len(book.messages) == 2


# Trades.


def test_captured_trades_are_delivered_once_each_in_time_order(
    line: Line, captured: Captured
) -> None:
    readers = [line.join(Channel.TRADES, symbol) for symbol in (BTC, "ETHUSDT")]
    opened(line)
    line.receive(*captured("contract-trade.jsonl"))
    messages = [message for reader in readers for message in reader.messages]
    assert len({message.data.trade_id for message in messages}) == len(messages) == 118
    for reader in readers:
        times = [message.data.timestamp for message in reader.messages]
        assert times == sorted(times)


@pytest.mark.parametrize("repeat", [trades("b"), trades("b", "a"), trades("a", is_snapshot=True)])
def test_repeated_trade_is_delivered_once(line: Line, repeat: dict[str, Any]) -> None:
    reader = line.join(Channel.TRADES, BTC)
    opened(line)
    line.receive(trades("a", "b"), repeat, trades("c"))
    assert [message.data.trade_id for message in reader.messages] == ["a", "b", "c"]


def test_repeats_are_remembered_for_200_trades_and_not_for_ever(line: Line) -> None:
    reader = line.join(Channel.TRADES, BTC)
    opened(line)
    for number in range(200):
        line.receive(trades(f"n{number}"))
    line.receive(trades("n0"))
    assert len(reader.messages) == 200
    for number in range(200, 1000):
        line.receive(trades(f"n{number}"))
    line.receive(trades("n0"))
    assert len(reader.messages) == 1001


def test_replay_after_an_interruption_adds_only_what_is_new(line: Line) -> None:
    reader = line.join(Channel.TRADES, BTC)
    opened(line)
    line.receive(trades("a", "b"))
    line.session.lost("cut")
    opened(line)
    line.receive(trades("b", "c", is_snapshot=True))
    assert [message.data.trade_id for message in reader.messages] == ["a", "b", "c"]
    assert line.kinds() == ["resubscribed"]


def test_replay_that_reaches_back_to_nothing_known_is_a_gap(line: Line) -> None:
    reader = line.join(Channel.TRADES, BTC)
    opened(line)
    line.receive(trades("a"))
    line.session.lost("cut")
    opened(line)
    line.receive(trades("y", is_snapshot=True), trades("z"))
    assert [message.data.trade_id for message in reader.messages] == ["a", "y", "z"]
    assert line.kinds() == ["gap", "resubscribed"]
    assert line.counters["trades"].gaps == 1


def test_first_history_is_no_gap(line: Line) -> None:
    line.join(Channel.TRADES, BTC)
    opened(line)
    line.session.lost("cut")
    opened(line)
    line.receive(trades("a", is_snapshot=True))
    assert line.kinds() == ["resubscribed"]


def test_unreadable_trades_are_counted_and_the_stream_goes_on(line: Line) -> None:
    reader = line.join(Channel.TRADES, BTC)
    opened(line)
    line.receive(json.dumps(trades("a", "b"), separators=(",", ":")).replace("10.5", "NaN"))
    line.receive(trades("c", "d"))
    assert [message.data.trade_id for message in reader.messages] == ["c", "d"]
    assert line.counters["trades"].decode_errors == 1
    assert [(event.kind, event.cause) for event in line.events] == [
        ("gap", "a frame could not be read")
    ]


def test_replay_brings_the_trade_of_a_frame_that_could_not_be_read(line: Line) -> None:
    reader = line.join(Channel.TRADES, BTC)
    opened(line)
    line.receive(trades("a"))
    line.receive(json.dumps(trades("b"), separators=(",", ":")).replace("10.5", "NaN"))
    assert [message.data.trade_id for message in reader.messages] == ["a"]
    line.session.lost("cut")
    opened(line)
    line.receive(trades("a", "b", "c", is_snapshot=True))
    assert [message.data.trade_id for message in reader.messages] == ["a", "b", "c"]


def test_unreadable_frames_in_a_row_are_told_every_ten_seconds(line: Line) -> None:
    line.join(Channel.TRADES, BTC)
    opened(line)
    for _ in range(25):
        line.receive(json.dumps(trades("a", "b"), separators=(",", ":")).replace("10.5", "NaN"))
        line.wait(1.0)
    assert [(event.cause, event.duration_seconds) for event in line.events] == [
        ("a frame could not be read", 0.0),
        ("9 frames could not be read", 8.0),
        ("10 frames could not be read", 9.0),
    ]
    assert line.counters["trades"].decode_errors == 25


def given_back_and_wanted_again(
    line: Line, channel: Channel, **parameters: Any
) -> tuple[Any, list[dict[str, Any]]]:
    """A new reader whose predecessor left a moment ago, and what the venue has still to answer."""
    topic = Topic(channel, BTC, **parameters)
    first = line.join(channel, BTC, **parameters)
    opened(line)
    line.leave(topic, first)
    requests = line.requests()
    return line.join(channel, BTC, **parameters), requests + line.requests()


@pytest.mark.parametrize("seconds", [0.0, 30.0])
def test_last_trades_of_a_subscription_given_back_are_not_news_to_the_next(
    line: Line, seconds: float
) -> None:
    reader, requests = given_back_and_wanted_again(line, Channel.TRADES)
    line.wait(seconds)  # the answers may be late, on a line that is held up
    line.receive(trades("a", "b"))
    assert reader.messages == []
    line.answer(requests[:1])
    line.receive(trades("c", "d", is_snapshot=True), trades("e"))
    assert [message.data.trade_id for message in reader.messages] == ["c", "d", "e"]
    assert line.kinds() == []


@pytest.mark.parametrize("hint", ["answer", "history", "patience"])
def test_trades_of_the_new_subscription_are_told_from_the_last_of_the_old(
    line: Line, hint: str
) -> None:
    reader, requests = given_back_and_wanted_again(line, Channel.TRADES)
    match hint:
        case "answer":
            line.answer(requests[:1])
        case "history":
            line.receive(trades("a", is_snapshot=True))
        case _:
            line.wait(61)
    line.receive(trades("b"))
    assert [message.data.trade_id for message in reader.messages][-1] == "b"


def test_unreadable_frame_is_no_history(line: Line) -> None:
    reader, _ = given_back_and_wanted_again(line, Channel.TRADES)
    line.receive(json.dumps(trades("a", "b"), separators=(",", ":")).replace("10.5", "NaN"))
    line.receive(trades("c"))
    assert reader.messages == []


def test_last_candles_of_a_subscription_given_back_do_not_spoil_the_history(line: Line) -> None:
    reader, requests = given_back_and_wanted_again(line, Channel.CANDLES, interval="1m")
    line.receive(candles(1))
    line.answer(requests)
    line.receive(candles(0, 1, 2, close="2", is_snapshot=True))
    assert seen(reader.messages) == [(0, True), (1, True), (2, False)]


def test_repeated_replay_that_reaches_back_to_nothing_known_is_a_gap(line: Line) -> None:
    reader = line.join(Channel.TRADES, BTC)
    opened(line)
    line.receive(trades("a", "b", is_snapshot=True))
    line.receive(trades("b", "c", is_snapshot=True))
    assert line.kinds() == []
    line.receive(trades("x", "y", is_snapshot=True))
    assert line.kinds() == ["gap"]
    assert [message.data.trade_id for message in reader.messages] == ["a", "b", "c", "x", "y"]


def test_trade_ids_too_long_to_be_remembered_are_refused(line: Line) -> None:
    reader = line.join(Channel.TRADES, BTC)
    opened(line)
    line.receive(trades("x" * 129), trades("y" * 128), trades("z", "x" * 129))
    assert [message.data.trade_id for message in reader.messages] == ["y" * 128]
    assert line.counters["trades"].decode_errors == 2


# Candles.


def seen(messages: list[Any]) -> list[tuple[int, bool]]:
    return [(round((m.data.open_time - START_MS / 1000) / 60), m.data.is_closed) for m in messages]


def test_candle_is_closed_when_the_next_begins(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0), candles(0, close="2"), candles(1))
    assert seen(reader.messages) == [(0, False), (0, False), (0, True), (1, False)]
    assert reader.messages[2].data.close == Decimal(2)


def test_history_is_closed_but_for_its_last_candle(line: Line, captured: Captured) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(captured("contract-kline.jsonl")[0])
    assert [m.data.is_closed for m in reader.messages] == [True] * 15 + [False]
    assert all(m.is_snapshot for m in reader.messages)


def test_candle_is_not_closed_by_the_clock_while_frames_wait_undigested(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0))
    line.now += 63
    frame = candles(0, close="2", sent_seconds=62)
    late = json.dumps(frame, separators=(",", ":")).encode()
    line.session.heard([late], line.now_ns, line.now)
    line.session.tick(line.now, line.now_ns)  # a reader holds the line back
    assert seen(reader.messages) == [(0, False)]
    line.session.receive(late, line.now_ns)
    line.session.digested()
    line.session.tick(line.now, line.now_ns)
    assert seen(reader.messages) == [(0, False), (0, False), (0, True)]
    assert reader.messages[-1].data.close == Decimal(2)


def test_quiet_candle_is_closed_by_the_clock_after_a_grace(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0))
    line.wait(29)
    line.receive({"event": "ping", "time": str(line.now_ns // 1_000_000)})
    line.wait(29)
    line.receive({"event": "ping", "time": str(line.now_ns // 1_000_000)})
    line.wait(1)
    assert line.session.next_due(line.now_ns) == 62.0
    line.wait(1.5)
    line.receive({"event": "ping", "time": str(line.now_ns // 1_000_000)})
    line.wait(1.4)
    assert seen(reader.messages) == [(0, False)]
    line.wait(0.1)
    assert seen(reader.messages) == [(0, False), (0, True)]
    line.wait(5)
    assert len(reader.messages) == 2


def test_quiet_candle_waits_for_a_line_that_was_not_heard_since_its_end(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0))
    line.wait(59)
    line.receive({"event": "ping", "time": str(line.now_ns // 1_000_000)})
    line.wait(10)
    assert seen(reader.messages) == [(0, False)]
    # The next look at what is silent, not the candle over and over.
    assert line.session.next_due(line.now_ns) == 75.0
    line.receive({"event": "ping", "time": str(line.now_ns // 1_000_000)})
    assert line.session.needs_pull
    line.wait(0)
    assert seen(reader.messages) == [(0, False), (0, True)]


def test_quiet_candle_waits_for_a_slow_line_that_is_behind(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0))
    line.wait(90)
    line.receive(candles(0, close="2", sent_seconds=52))
    line.wait(0)  # what the venue sent in the minute's last seconds is still on its way
    line.receive(candles(0, close="3", sent_seconds=59.5))
    line.wait(0)
    assert seen(reader.messages) == [(0, False)] * 3
    line.receive({"event": "ping", "time": str(START_MS + 62_000)})
    line.wait(0)
    assert seen(reader.messages) == [(0, False)] * 3 + [(0, True)]
    assert reader.messages[-1].data.close == Decimal(3)


def test_what_a_lost_connection_proved_closes_no_candle_of_the_next(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.wait(60)
    line.receive({"event": "ping", "time": str(START_MS + 60_000)})
    line.wait(1)
    line.session.lost("cut")
    line.open()
    line.receive(candles(0, is_snapshot=True, sent_seconds=59))
    line.wait(5)
    assert seen(reader.messages) == [(0, False)]


def test_history_corrects_the_last_closed_candle(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0), candles(1), candles(2))
    line.session.lost("cut")
    line.open()
    line.receive(candles(0, 1, 2, close="2", is_snapshot=True))
    assert seen(reader.messages[5:]) == [(1, True), (2, False)]
    assert reader.messages[5].data.close == Decimal(2)
    line.session.lost("cut")
    line.open()
    line.receive(candles(0, 1, 2, close="2", is_snapshot=True))
    assert seen(reader.messages[7:]) == [(2, False)]


def test_clock_is_the_venues(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(
        {"event": "connected", "time": str(START_MS + 61_000)}, candles(0, sent_seconds=61)
    )
    assert line.session.next_due(line.now_ns) == 1.0
    line.wait(1)
    assert seen(reader.messages) == [(0, False), (0, True)]


@pytest.mark.parametrize("jump_seconds", [3600, -3600])
def test_wall_clock_that_jumps_closes_no_candle_early_or_late(
    line: Line, jump_seconds: int
) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive({"event": "connected", "time": str(START_MS)}, candles(0))
    line.wait(20)
    line.jump_seconds = jump_seconds
    line.receive(candles(0))
    line.wait(20)
    line.receive(candles(0))
    assert {closed for _, closed in seen(reader.messages)} == {False}
    line.wait(21)
    line.receive({"id": "1", "method": "PONG"})
    line.wait(1)
    assert seen(reader.messages)[-1] == (0, True)


def test_candle_closed_by_the_clock_is_not_closed_twice(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0))
    line.wait(62)
    line.receive(candles(1))
    assert seen(reader.messages) == [(0, False), (0, True), (1, False)]


def test_late_correction_does_not_move_the_cursor_back(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0), candles(1), candles(0, close="9"), candles(1), candles(2))
    assert seen(reader.messages) == [
        (0, False),
        (0, True),
        (1, False),
        (0, True),
        (1, False),
        (1, True),
        (2, False),
    ]


def test_late_correction_from_before_the_first_candle_does_not_move_the_cursor_back(
    line: Line,
) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(5), candles(4), candles(5))
    assert seen(reader.messages) == [(5, False), (4, True), (5, False)]


def test_history_after_an_interruption_fills_only_the_hole(line: Line) -> None:
    reader = line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    line.receive(candles(0), candles(1))
    line.session.lost("cut")
    line.now = 200.0
    line.open()
    line.wait(1)
    assert len(reader.messages) == 3
    line.receive(candles(0, 1, 2, 3, is_snapshot=True))
    assert seen(reader.messages[3:]) == [(1, True), (2, True), (3, False)]


def test_reader_who_joins_late_starts_from_the_forming_candle(line: Line) -> None:
    line.join(Channel.CANDLES, BTC, interval="1m")
    opened(line)
    assert line.join(Channel.CANDLES, BTC, interval="1m").messages == []
    line.receive(candles(0))
    (message,) = line.join(Channel.CANDLES, BTC, interval="1m").messages
    assert (message.is_snapshot, message.data.is_closed) == (True, False)


# Frames that stand for themselves.


def test_ticker_is_decoded_once_for_all_readers(line: Line, captured: Captured) -> None:
    one, two = line.join(Channel.TICKER, BTC), line.join(Channel.TICKER, BTC)
    opened(line)
    line.receive(captured("contract-ticker.jsonl")[0])
    assert one.messages[0] is two.messages[0]
    assert one.messages[0].data.last == Decimal("79982.2")
    assert len(line.counters["ticker"].latencies_ns) == 1


def test_frame_that_nobody_opens_is_never_decoded(line: Line, captured: Captured) -> None:
    line.join(Channel.TICKER, BTC)
    opened(line)
    line.receive(captured("contract-ticker.jsonl")[0])
    assert len(line.counters["ticker"].latencies_ns) == 0
    assert line.counters["ticker"].frames == 1


def test_unreadable_frames_are_counted_and_logged_once(
    line: Line, captured: Captured, caplog: pytest.LogCaptureFixture
) -> None:
    reader = line.join(Channel.TICKER, BTC)
    opened(line)
    good = captured("contract-ticker.jsonl")[0]
    with caplog.at_level(logging.WARNING):
        line.receive(good.replace(b"79982.2", b"NaN"), good.replace(b'"c"', b'"x"'), good)
        assert len(reader.messages) == 1
    assert line.counters["ticker"].decode_errors == 2
    assert len(caplog.records) == 1
    assert "BTCUSDT@ticker" in caplog.text
    assert "beginning" in caplog.text


def test_account_frame_becomes_one_message_an_item(
    make_line: type[Line], captured: Captured
) -> None:
    line = make_line("spot", Scope.PRIVATE)
    reader = line.join(Channel.ACCOUNT)
    opened(line)
    (frame,) = captured("spot-account.jsonl")[:1]
    fields = json.loads(frame)
    line.receive(fields | {"d": fields["d"] * 2})
    assert [m.data.currency for m in reader.messages] == ["USDT", "USDT"]
    assert line.counters["account"].decode_errors == 0


def test_unreadable_account_frame_is_logged_without_its_contents(
    make_line: type[Line], captured: Captured, caplog: pytest.LogCaptureFixture
) -> None:
    line = make_line("spot", Scope.PRIVATE)
    reader = line.join(Channel.ACCOUNT)
    opened(line)
    line.receive(captured("spot-account.jsonl")[0].replace(b'"47.98428060"', b'"hush"'))
    assert reader.messages == []
    assert line.counters["account"].decode_errors == 1
    assert "hush" not in caplog.text
    assert "account: bad or missing" in caplog.text
