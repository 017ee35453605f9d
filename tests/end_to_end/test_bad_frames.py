"""Frames that make no sense are counted and logged once; the streams go on, the books stay true."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.end_to_end.conftest import first, happened, take
from tests.end_to_end.scripted_venue import ScriptedVenue, captured
from weex_client import WeexWebSocketClient
from weex_client.venues.weex.endpoints import LIMITS

TICKER, NEXT_TICKER = captured("contract-ticker")[:2]
SNAPSHOT, *CHANGES = captured("contract-depth")
BOOK = "BTCUSDT@depth15"

Break = Callable[[dict[str, Any]], object]


def broken(frame: str, change: Break) -> str:
    """Return a captured frame with one thing wrong."""
    fields = json.loads(frame)
    change(fields)
    return json.dumps(fields, separators=(",", ":"))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("weex_client") and record.levelno >= logging.WARNING
    ]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        pytest.param("hello", "not JSON", id="no JSON"),
        pytest.param("", "not JSON", id="nothing"),
        pytest.param('{"e":"ticker","E":17', "not JSON", id="half a frame"),
        pytest.param("x" * 2_000_000, "not JSON", id="2 MB of no JSON"),
        pytest.param("[1,2]", "JSON list", id="a list"),
        pytest.param("null", "JSON NoneType", id="null"),
        pytest.param("{}", "no event", id="an empty object"),
        pytest.param('{"event":"error","code":1}', "no event", id="another event"),
        pytest.param('{"e":"weather","E":1,"s":"BTCUSDT"}', "event 'weather'", id="unknown type"),
        pytest.param('{"e":7,"E":1,"s":"BTCUSDT"}', "event 7", id="a type that is a number"),
    ],
)
async def test_a_frame_of_no_known_kind_is_counted_and_logged_once(
    venue: ScriptedVenue, caplog: pytest.LogCaptureFixture, frame: str, kind: str
) -> None:
    async with WeexWebSocketClient(venue.config()) as client:
        stream, events = client.stream_tickers("BTCUSDT"), client.events()
        await venue.is_asked("SUBSCRIBE", "BTCUSDT@ticker")
        await venue.say(TICKER, frame, frame, frame, NEXT_TICKER)
        assert [str(m.data.last) for m in await take(stream, 2)] == ["79982.2", "86645.2"]
        scope = client.stats().scopes["public"]
        assert scope.unknown_frames == {kind: 3}
        assert scope.reconnects == 0
        assert events.pending == 0
    (warning,) = warnings(caplog)
    assert kind in warning
    assert len(warning) < 1000


async def test_bytes_that_are_no_text_do_not_end_the_line(
    venue: ScriptedVenue, caplog: pytest.LogCaptureFixture
) -> None:
    async with WeexWebSocketClient(venue.config()) as client:
        stream = client.stream_tickers("BTCUSDT")
        await venue.is_asked("SUBSCRIBE", "BTCUSDT@ticker")
        for _ in range(3):
            await venue.sockets[0].send(b"\xff\xfe\x00")
        await venue.say(TICKER)
        await take(stream)
        assert client.stats().scopes["public"].unknown_frames == {"not JSON": 3}
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(broken(TICKER, lambda f: f["d"][0].pop("c")), id="no price"),
        pytest.param(broken(TICKER, lambda f: f.pop("d")), id="no payload"),
        pytest.param(broken(TICKER, lambda f: f.pop("E")), id="no time"),
        pytest.param(broken(TICKER, lambda f: f.update(d=[])), id="empty payload"),
        pytest.param(broken(TICKER, lambda f: f.update(d="x")), id="payload of a wrong type"),
        pytest.param(broken(TICKER, lambda f: f["d"][0].update(c="NaN")), id="NaN"),
        pytest.param(broken(TICKER, lambda f: f["d"][0].update(c=float("nan"))), id="bare NaN"),
        pytest.param(broken(TICKER, lambda f: f["d"][0].update(c="Infinity")), id="Infinity"),
        pytest.param(broken(TICKER, lambda f: f["d"][0].update(c="")), id="no digits"),
        pytest.param(broken(TICKER, lambda f: f["d"][0].update(c="twelve")), id="words"),
        pytest.param(broken(TICKER, lambda f: f["d"][0].update(c=None)), id="null"),
    ],
)
async def test_an_unreadable_ticker_is_counted_and_logged_once(
    venue: ScriptedVenue, caplog: pytest.LogCaptureFixture, frame: str
) -> None:
    async with WeexWebSocketClient(venue.config()) as client:
        stream = client.stream_tickers("BTCUSDT")
        await venue.is_asked("SUBSCRIBE", "BTCUSDT@ticker")
        await venue.say(TICKER, frame, frame, frame, NEXT_TICKER)
        assert [str(m.data.last) for m in await take(stream, 2)] == ["79982.2", "86645.2"]
        stats = client.stats()
        counted = stats.channels["ticker"].decode_errors + sum(
            stats.scopes["public"].unknown_frames.values()
        )
        assert counted == 3
        assert stats.scopes["public"].reconnects == 0
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("name", ["contract-trade", "contract-kline", "spot-bookTicker"])
async def test_unreadable_frames_of_other_channels_are_counted_and_logged_once(
    venue: ScriptedVenue, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    good = next(frame for frame in captured(name) if '"e":' in frame)
    symbol = json.loads(good)["s"]

    def spoil(fields: dict[str, Any]) -> None:
        item = fields["d"][0] if "d" in fields else fields
        for key in ("p", "o", "b"):
            if key in item:
                item[key] = "NaN"

    async with WeexWebSocketClient(
        venue.config("spot" if name.startswith("spot") else "contract")
    ) as client:
        stream: Any
        match name:
            case "contract-trade":
                stream = client.stream_trades(symbol)
            case "contract-kline":
                stream = client.stream_candles(symbol, "1m")
            case _:
                stream = client.stream_book_tickers(symbol)
        await first_request(venue)
        await venue.say(*[broken(good, spoil)] * 3, good)
        (message,) = await take(stream)
        assert message.symbol == symbol
        assert client.stats().channels[message.channel].decode_errors == 3
    assert len(warnings(caplog)) == 1


async def first_request(venue: ScriptedVenue) -> None:
    """Wait until the only subscription was asked for."""
    async with venue.news:
        await venue.news.wait_for(lambda: venue.requests)


@pytest.mark.parametrize("size", [10, 2_000_000])
async def test_fields_that_nobody_knows_are_ignored(
    venue: ScriptedVenue, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    def add(fields: dict[str, Any]) -> None:
        fields["new"] = {"deep": ["x" * size]}
        fields["d"][0]["z"] = "1"

    async with WeexWebSocketClient(venue.config()) as client:
        tickers, books = client.stream_tickers("BTCUSDT"), client.stream_order_book("BTCUSDT")
        await venue.is_asked("SUBSCRIBE", BOOK)
        await venue.say(
            broken(TICKER, add), broken(SNAPSHOT, lambda f: f.update(new="x" * size)), CHANGES[0]
        )
        assert str((await first(tickers)).data.last) == "79982.2"
        assert [view.sequence for view in await take(books, 2)] == [16786244375, 16786244424]
        assert client.stats().channels["ticker"].decode_errors == 0
    assert warnings(caplog) == []


async def test_a_frame_larger_than_any_of_the_venue_s_ends_the_line_and_the_stream_goes_on(
    venue: ScriptedVenue,
) -> None:
    async with WeexWebSocketClient(venue.config()) as client:
        stream, events = client.stream_tickers("BTCUSDT"), client.events()
        await venue.is_asked("SUBSCRIBE", "BTCUSDT@ticker")
        await venue.say("x" * (LIMITS.max_frame_bytes + 1))
        assert (await happened(events, "disconnected")).close_code == 1009
        await venue.is_asked("SUBSCRIBE", "BTCUSDT@ticker", times=2)
        await venue.say(TICKER)
        await take(stream)


def oracle() -> dict[int, tuple[list[Any], list[Any]]]:
    """Return the captured book at each of its sequences."""
    sides: tuple[dict[Decimal, Decimal], ...] = ({}, {})
    books = {}
    for frame in map(json.loads, (SNAPSHOT, *CHANGES)):
        for side, levels in zip(sides, (frame["b"], frame["a"]), strict=True):
            side.update((Decimal(price), Decimal(size)) for price, size in levels)
            for price in [price for price, size in side.items() if not size]:
                del side[price]
        books[frame["u"]] = (sorted(sides[0].items(), reverse=True), sorted(sides[1].items()))
    return books


def crowd(fields: dict[str, Any]) -> None:
    fields["b"] += [[f"{price}.5", "1"] for price in range(70_000, 70_020)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda f: f["b"].append(["79000.1", "NaN"]), id="NaN size"),
        pytest.param(lambda f: f["b"].append(["NaN", "1"]), id="NaN price"),
        pytest.param(lambda f: f["b"].append(["79000.1", float("nan")]), id="bare NaN"),
        pytest.param(lambda f: f["a"].append(["79000.1"]), id="price without size"),
        pytest.param(lambda f: f["a"].append(["79000.1", "1", "2"]), id="three numbers"),
        pytest.param(lambda f: f["a"].append(["79000.1", ""]), id="no digits"),
        pytest.param(lambda f: f["a"].append(["79000.1", "-1"]), id="negative size"),
        pytest.param(lambda f: f["a"].append("79000.1"), id="no pair"),
        pytest.param(lambda f: f.update(a=None), id="null side"),
        pytest.param(lambda f: f.pop("a"), id="one side only"),
        pytest.param(lambda f: f.pop("U"), id="no first sequence"),
        pytest.param(lambda f: f.update(u="soon"), id="a sequence of words"),
        pytest.param(lambda f: f.update(U=f["u"] + 5), id="ends before it begins"),
        pytest.param(lambda f: f.update(U=f["U"] + 1), id="gap"),
        pytest.param(crowd, id="more levels than the window has"),
    ],
)
async def test_a_bad_change_leads_to_a_new_snapshot_and_never_to_a_wrong_book(
    venue: ScriptedVenue, change: Break
) -> None:
    true = oracle()
    venue.answers[BOOK] = [SNAPSHOT]
    async with WeexWebSocketClient(venue.config()) as client:
        views, events = client.stream_order_book("BTCUSDT", 15), client.events()
        await venue.is_asked("SUBSCRIBE", BOOK)
        await venue.say(*CHANGES[:10], broken(CHANGES[10], change), *CHANGES[11:20])
        await venue.is_asked("SUBSCRIBE", BOOK, times=2)
        await venue.say(*CHANGES)
        shown = await take(views, 11 + 61)
        for view in shown:
            bids, asks = true[view.sequence]
            assert (list(view.data.bids), list(view.data.asks)) == (bids, asks)
        assert [view.sequence for view in shown] == [*list(true)[:11], *true]
        assert venue.asked("UNSUBSCRIBE", BOOK) == 1
        assert (await happened(events, "gap")).symbol == "BTCUSDT"
        assert (await happened(events, "resubscribed")).symbol == "BTCUSDT"
        assert client.stats().channels["book"].gaps == 1
        assert views.pending == 0


async def test_changes_known_already_are_dropped_in_silence(
    venue: ScriptedVenue, caplog: pytest.LogCaptureFixture
) -> None:
    true = oracle()
    venue.answers[BOOK] = [SNAPSHOT]
    async with WeexWebSocketClient(venue.config()) as client:
        views = client.stream_order_book("BTCUSDT", 15)
        await venue.is_asked("SUBSCRIBE", BOOK)
        await venue.say(*CHANGES[:10], *CHANGES[3:8], *CHANGES[10:])
        shown = await take(views, 61)
        assert [view.sequence for view in shown] == list(true)
        assert client.stats().channels["book"].gaps == 0
    assert warnings(caplog) == []


async def test_a_book_whose_snapshot_is_unreadable_is_asked_for_again_and_then_shown(
    venue: ScriptedVenue,
) -> None:
    venue.answers[BOOK] = [broken(SNAPSHOT, lambda f: f["b"].append(["1", "NaN"]))]
    async with WeexWebSocketClient(venue.config()) as client:
        views = client.stream_order_book("BTCUSDT", 15)
        await venue.is_asked("SUBSCRIBE", BOOK)
        venue.answers[BOOK] = [SNAPSHOT]
        (view,) = await take(views)
        assert view.is_snapshot
        assert len(view.data.bids) == 15


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "", "twelve"])
async def test_a_reader_of_changes_is_never_given_what_is_no_number(
    venue: ScriptedVenue, bad: str
) -> None:
    venue.answers[BOOK] = [SNAPSHOT]
    async with WeexWebSocketClient(venue.config()) as client:
        deltas = client.stream_order_book_deltas("BTCUSDT", 15)
        await venue.is_asked("SUBSCRIBE", BOOK)
        spoiled = broken(CHANGES[2], lambda f: f["b"].append(["79000.1", bad]))
        await venue.say(*CHANGES[:2], spoiled, *CHANGES[3:6])
        await venue.is_asked("SUBSCRIBE", BOOK, times=2)
        await venue.say(CHANGES[0])
        shown = await take(deltas, 5)
        assert [delta.is_snapshot for delta in shown] == [True, False, False, True, False]
        levels = [level for delta in shown for level in delta.data.bids + delta.data.asks]
        assert all(number.is_finite() for level in levels for number in level)
