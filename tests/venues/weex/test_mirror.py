"""The server's side of the wire against captured frames: what it writes is what the venue wrote."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from weex_client.venues.weex import mirror
from weex_client.venues.weex.endpoints import Market
from weex_client.venues.weex.streams import (
    BookTickerStream,
    CandleStream,
    DepthStream,
    RefusedRequestError,
    Stream,
    TickerStream,
    TradeStream,
    parse_stream,
)

FRAMES = Path(__file__).parent / "frames"
SYMBOLS = frozenset({"BTCUSDT", "ETHUSDT"})


def captured(*names: str, events: tuple[str, ...] = ()) -> list[str]:
    lines = [line for name in names for line in (FRAMES / name).read_text().splitlines()]
    return [line for line in lines if not events or json.loads(line).get("e") in events]


def numbers(row: dict[str, Any], keys: str) -> list[Decimal]:
    return [Decimal(row[key]) for key in keys]


@pytest.mark.parametrize("line", captured("contract-ticker.jsonl", "spot-ticker.jsonl"))
def test_ticker_is_written_as_captured(line: str) -> None:
    frame = json.loads(line)
    row = frame["d"][0]
    figures = mirror.TickerFigures(
        *numbers(row, "cohlvq"),
        row["O"],
        row["C"],
        row["n"],
        Decimal(row["m"]) if "m" in row else None,
        Decimal(row["i"]) if "i" in row else None,
    )
    written = mirror.encode_ticker(frame["s"], frame["E"], figures)
    # The venue's average is cut where ours is rounded, and its fraction likewise.
    for key in ("w", "P"):
        ours = json.loads(written)["d"][0][key]
        assert abs(Decimal(ours) - Decimal(row[key])) <= Decimal("0.000001")
        written = written.replace(f'"{key}":"{ours}"', f'"{key}":"{row[key]}"')
    assert written == line


@pytest.mark.parametrize(
    "line",
    captured("contract-trade.jsonl", "spot-trade.jsonl", events=("trade", "tradeSnapshot")),
)
def test_trades_are_written_as_captured(line: str) -> None:
    frame = json.loads(line)
    trades = [
        mirror.TradeFigures(row["T"], row["t"], *numbers(row, "pqv"), row["m"])
        for row in frame["d"]
    ]
    is_snapshot = frame["e"] == "tradeSnapshot"
    assert mirror.encode_trades(frame["s"], frame["E"], trades, is_snapshot=is_snapshot) == line


@pytest.mark.parametrize("line", captured("contract-kline.jsonl", "spot-kline.jsonl"))
def test_candles_are_written_as_captured(line: str) -> None:
    frame = json.loads(line)
    candles = [
        mirror.CandleFigures(
            row["t"], row["T"], *numbers(row, "ohlcvq"), row["n"], *numbers(row, "VQ")
        )
        for row in frame["d"]
    ]
    written = mirror.encode_candles(
        frame["s"],
        frame["E"],
        frame["d"][0]["i"],
        frame["p"],
        candles,
        is_snapshot=frame["e"] == "klineSnapshot",
    )
    assert written == line


@pytest.mark.parametrize(
    "line",
    captured(
        "contract-depth.jsonl",
        "contract-depth200.jsonl",
        "spot-depth.jsonl",
        "synthetic-depth-dead-symbol.jsonl",
    ),
)
def test_books_are_written_as_captured(line: str) -> None:
    frame = json.loads(line)
    sides = [[(Decimal(p), Decimal(s)) for p, s in frame[side]] for side in "ba"]
    written = mirror.encode_depth(
        frame["s"],
        frame["E"],
        frame["l"],
        (frame["U"], frame["u"]),
        *sides,
        is_snapshot=frame["d"] == "SNAPSHOT",
    )
    assert written == line


@pytest.mark.parametrize("line", captured("spot-bookTicker.jsonl"))
def test_touch_is_written_as_captured(line: str) -> None:
    frame = json.loads(line)
    bid, ask = numbers(frame, "bB"), numbers(frame, "aA")
    written = mirror.encode_book_ticker(
        frame["s"], frame["E"], frame["u"], (bid[0], bid[1]), (ask[0], ask[1])
    )
    assert written == line


def written_control(frame: dict[str, Any]) -> str:
    if "cid" in frame:
        return mirror.encode_greeting(frame["cid"], int(frame["time"]))
    if frame.get("event") == "ping":
        return mirror.encode_ping(int(frame["time"]))
    if frame.get("method") == "PONG":
        return mirror.encode_pong(frame["id"])
    if frame["result"]:
        return mirror.encode_ack(frame.get("id"))
    reason = frame["msg"].removeprefix("INVALID_ARGUMENT: ")
    return mirror.encode_refusal(RefusedRequestError(reason), frame.get("id"))


# A private socket pings with another key (sheet, 5); its side of the wire is not mirrored yet.
PUBLIC_CONTROL = [
    line for line in captured("connection.jsonl", "errors.jsonl") if "type" not in json.loads(line)
]


@pytest.mark.parametrize("line", PUBLIC_CONTROL)
def test_greetings_acks_pings_and_refusals_are_written_as_captured(line: str) -> None:
    assert written_control(json.loads(line)) == line


def test_tiny_numbers_are_written_without_an_exponent() -> None:
    tiny = Decimal(1).scaleb(-10)
    frame = mirror.encode_book_ticker("PEPEUSDT", 1, 1, (tiny, tiny), (tiny, tiny))
    assert json.loads(frame)["b"] == "0.0000000001"


def test_a_market_without_volume_has_its_last_price_as_average() -> None:
    one, none = Decimal("1.0"), Decimal("0.0")
    figures = mirror.TickerFigures(one, one, one, one, none, none, 0, 1, 0)
    assert json.loads(mirror.encode_ticker("X", 1, figures))["d"][0]["w"] == "1.00000000"


@pytest.mark.parametrize("line", captured("client.jsonl"))
def test_requests_of_clients_are_read(line: str) -> None:
    frame = json.loads(line)
    request = mirror.parse_request(line)
    assert request.method == frame["method"]
    assert list(request.params) == frame.get("params", [])
    assert request.request_id == frame["id"]


@pytest.mark.parametrize("request_id", [7, "7", None])
def test_the_id_comes_back_with_its_json_type(request_id: int | str | None) -> None:
    text = json.dumps({"method": "PING"} | ({} if request_id is None else {"id": request_id}))
    ack = json.loads(mirror.encode_ack(mirror.parse_request(text).request_id))
    assert ack == {"result": True} | ({} if request_id is None else {"id": request_id})


@pytest.mark.parametrize(
    ("text", "reason", "request_id"),
    [
        ("hello", "unrecognized message : hello", None),
        ("[1]", "unrecognized message : [1]", None),
        ("", "unrecognized message : ", None),
        ('{"method":"FOO","id":108}', "invalid event : FOO", 108),
        ('{"id":5}', 'unrecognized message : {"id":5}', 5),
        ('{"method":7,"id":true}', 'unrecognized message : {"method":7,"id":true}', None),
        (
            '{"method":"SUBSCRIBE","params":"BTCUSDT@ticker","id":"a"}',
            'unrecognized message : {"method":"SUBSCRIBE","params":"BTCUSDT@ticker","id":"a"}',
            "a",
        ),
    ],
)
def test_frames_that_are_no_request_are_refused_in_the_venue_s_words(
    text: str, reason: str, request_id: int | str | None
) -> None:
    with pytest.raises(RefusedRequestError) as refused:
        mirror.parse_request(text)
    assert (refused.value.reason, refused.value.request_id) == (reason, request_id)


def test_nesting_without_end_is_refused_like_any_nonsense() -> None:
    with pytest.raises(RefusedRequestError, match="unrecognized message"):
        mirror.parse_request("[" * 100_000)


@pytest.mark.parametrize(
    ("text", "market", "stream"),
    [
        ("btcusdt@ticker", "contract", TickerStream("BTCUSDT")),
        ("EthUsdt@trade", "spot", TradeStream("ETHUSDT")),
        ("BTCUSDT@depth", "contract", DepthStream("BTCUSDT", 15)),
        ("BTCUSDT@depth200", "spot", DepthStream("BTCUSDT", 200)),
        ("BTCUSDT@kline_1m", "spot", CandleStream("BTCUSDT", "1m", "LAST_PRICE")),
        ("BTCUSDT@kline_1M_LAST_PRICE", "spot", CandleStream("BTCUSDT", "1M", "LAST_PRICE")),
        ("BTCUSDT@kline_4h_MARK_PRICE", "contract", CandleStream("BTCUSDT", "4h", "MARK_PRICE")),
        ("ETHUSDT@bookTicker", "spot", BookTickerStream("ETHUSDT")),
    ],
)
def test_streams_are_read_and_spelled_in_full(text: str, market: Market, stream: Stream) -> None:
    assert parse_stream(text, market, SYMBOLS) == stream
    assert parse_stream(str(stream), market, SYMBOLS) == stream


@pytest.mark.parametrize(
    ("text", "market", "reason"),
    [
        ("BTCUSDT@totally_bogus_channel", "contract", "invalid event : totally_bogus_channel"),
        ("BTCUSDT@bookTicker", "contract", "invalid event : bookTicker"),
        ("account", "contract", "invalid event : account"),
        ("BTCUSDT@kline_7m_LAST_PRICE", "spot", "invalid event : kline_7m_LAST_PRICE"),
        ("BTCUSDT@kline_2h_LAST_PRICE", "contract", "invalid event : kline_2h_LAST_PRICE"),
        ("BTCUSDT@kline_1m_MARK_PRICE", "spot", "invalid event : kline_1m_MARK_PRICE"),
        ("BTCUSDT@depth50", "contract", "invalid depth level : 50"),
        ("BTCUSDT@depth015", "spot", "invalid depth level : 015"),
        ("BTCUSDT@depthx", "spot", "invalid event : depthx"),
        ("nopeusdt@ticker", "contract", "invalid symbol : cmt_nopeusdt"),
        ("cmt_nopeusdt@ticker", "contract", "invalid symbol : cmt_nopeusdt"),
        ("ASDFS@ticker", "spot", "invalid symbol : ASDFS_SPBL"),
        ("@ticker", "spot", "invalid symbol : _SPBL"),
        ("", "spot", "invalid event : "),
    ],
)
def test_streams_the_venue_lacks_are_refused_in_its_words(
    text: str, market: Market, reason: str
) -> None:
    with pytest.raises(RefusedRequestError) as refused:
        parse_stream(text, market, SYMBOLS)
    assert refused.value.reason == reason
