"""What a recording tells of itself, and its messages where tapes are odd; all of it in handmade."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from weex_client.errors import TapeError, UsageError
from weex_client.recording import Recording
from weex_client.recording.rows import PartRow
from weex_client.venues.kucoin import mirror as kucoin
from weex_client.venues.weex import mirror as weex

from .handmade import START_NS, HandmadeTape

MS = 1_000_000
SECOND = 1_000 * MS
MINUTE_MS = 60_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tape.db"


def trade(number: int, symbol: str = "BTCUSDT") -> bytes:
    time_ms = START_NS // MS + number
    figures = weex.TradeFigures(time_ms, str(number), Decimal(100), Decimal(1), Decimal(100), True)
    return weex.encode_trades(symbol, time_ms, [figures]).encode()


def book(last: int, sequence: int, bid: int, *, is_snapshot: bool = False) -> bytes:
    bids, asks = [(Decimal(bid), Decimal(1))], [(Decimal(200), Decimal(9))]
    text = weex.encode_depth(
        "BTCUSDT", START_NS // MS, 15, (last, sequence), bids, asks, is_snapshot=is_snapshot
    )
    return text.encode()


def candle(open_ms: int, close: int) -> bytes:
    price = Decimal(close)
    figures = weex.CandleFigures(
        open_ms, open_ms + MINUTE_MS, *(price,) * 4, *(price,) * 2, 1, *(price,) * 2
    )
    text = weex.encode_candles("BTCUSDT", open_ms, "1m", "LAST_PRICE", [figures])
    return text.encode()


def ids(messages: Iterator[object]) -> list[str]:
    return [message.data.trade_id for message in messages]  # type: ignore[attr-defined]


def test_it_tells_what_was_streamed_and_what_is_missing(path: Path) -> None:
    with HandmadeTape(path) as tape:
        session = tape.session()
        line = tape.line(session)
        feed = tape.feed(session, "trades", "BTCUSDT")
        tape.now_ns += SECOND
        tape.received(line, trade(1), trade(2))
        tape.now_ns += SECOND
        tape.event(session, "disconnected", cause="the line broke")
        tape.close_line(line)
        tape.now_ns += SECOND
        line = tape.line(session)
        tape.event(session, "resubscribed", "trades", "BTCUSDT", duration_seconds=1.0)
        tape.hole(session, 7, 700)
        tape.received(line, trade(3))
        tape.now_ns += SECOND
        tape.leave(feed)
        tape.close_line(line, is_ours=True)
        tape.close_session(session)

    with Recording(path) as recording:
        (session_record,) = recording.sessions()
        assert (session_record.connections, session_record.frames) == (2, 3)
        assert recording.duration_ns == 4 * SECOND
        (channel,) = recording.channels()
        assert (channel.channel, channel.symbol, channel.market) == (
            "trades",
            "BTCUSDT",
            "contract",
        )
        outage, hole = recording.gaps()
        assert (outage.kind, outage.cause) == ("interruption", "the line broke")
        assert outage.end_ns - outage.start_ns == SECOND
        assert (hole.kind, hole.channel) == ("recorder", None)
        (coverage,) = recording.coverage()
        assert coverage.gaps == (outage, hole)
        assert coverage.gap_seconds == 1.0
        assert ids(recording.messages()) == ["1", "2", "3"]
        assert ids(recording.messages(start_ns=START_NS + 2 * SECOND)) == ["3"]
        assert ids(recording.messages("trades", end_ns=START_NS + SECOND)) == []
        assert ids(recording.messages(symbols="btcusdt", end_ns=START_NS + SECOND + 1)) == [
            "1",
            "2",
        ]


def test_what_is_asked_for_and_is_not_there_lists_what_is(path: Path) -> None:
    with HandmadeTape(path) as tape:
        session = tape.session()
        tape.line(session)
        tape.feed(session, "trades", "BTCUSDT")
        tape.feed(session, "candles", "ETHUSDT", interval="1m")
    recording = Recording(path)
    there = r"weex contract trades \(BTCUSDT\); weex contract candles \(ETHUSDT 1m\)"
    for arguments, options in (
        (("ticker",), {}),
        (("nonsense",), {}),
        (("trades", "XRPUSDT"), {}),
        (("trades", ["BTCUSDT", "XRPUSDT"]), {}),
        (("trades",), {"venue": "kucoin"}),
        (("candles", "ETHUSDT"), {"interval": "5m"}),
    ):
        with pytest.raises(TapeError, match=there):
            recording.messages(*arguments, **options)
    with pytest.raises(TapeError, match="has not recorded book of BTCUSDT"):
        recording.book("BTCUSDT", at=0)
    with pytest.raises(UsageError, match="later than the start"):
        recording.messages(start_ns=2, end_ns=2)


def test_the_book_is_given_at_any_moment_at_which_it_was_right(path: Path) -> None:
    with HandmadeTape(path) as tape:
        session = tape.session()
        line = tape.line(session)
        tape.feed(session, "book", "BTCUSDT", 15)
        for number, frame in enumerate(
            (
                book(0, 10, 100, is_snapshot=True),
                book(10, 11, 101),
                book(13, 14, 102),  # a change is missing
                book(0, 20, 103, is_snapshot=True),
            )
        ):
            tape.now_ns = START_NS + number * SECOND
            tape.received(line, frame)
    recording = Recording(path)

    def best_bid(seconds: float) -> Decimal:
        return recording.book("BTCUSDT", at=START_NS + round(seconds * SECOND)).data.bids[0][0]

    assert [best_bid(each) for each in (0, 0.5, 1, 3, 9)] == [100, 100, 101, 103, 103]
    for seconds in (-1.0, 2.5):
        with pytest.raises(TapeError, match="known to be right"):
            best_bid(seconds)
    at = datetime.fromtimestamp(START_NS // SECOND, UTC)
    assert recording.book("BTCUSDT", at=at, level=5) == recording.book("BTCUSDT", at.timestamp(), 5)


def test_the_tape_s_clock_closes_a_quiet_candle(path: Path) -> None:
    minute_ns = START_NS // (60 * SECOND) * 60 * SECOND
    with HandmadeTape(path) as tape:
        tape.now_ns = minute_ns
        session = tape.session()
        line = tape.line(session)
        tape.feed(session, "candles", "BTCUSDT", interval="1m")
        tape.feed(session, "trades", "ETHUSDT")
        tape.received(line, weex.encode_greeting("1", minute_ns // MS).encode())
        tape.received(line, candle(minute_ns // MS, 7))
        for _ in range(70):
            tape.now_ns += SECOND
            tape.received(line, trade((tape.now_ns - START_NS) // MS, "ETHUSDT"))

    candles = [message.data for message in Recording(path).messages("candles")]
    assert [each.is_closed for each in candles] == [False, True]


def test_two_lines_of_which_one_takes_over_tell_everything_once(path: Path) -> None:
    def figures(number: int) -> bytes:
        price = Decimal(number)
        made = kucoin.TradeFigures(
            str(number), price, Decimal(1), "buy", number, START_NS + number * MS
        )
        return kucoin.encode_trade("/market/match:BTC-USDT", "BTC-USDT", made).encode()

    with HandmadeTape(path) as tape:
        session = tape.session("kucoin", None)
        old = tape.line(session)
        tape.feed(session, "trades", "BTC-USDT")
        tape.received(old, figures(1))
        new = tape.line(session)
        for number in (2, 3):
            tape.now_ns += MS
            tape.received(new, figures(number))  # which comes first on the new line
            tape.received(old, figures(number))
        tape.now_ns += MS
        tape.received(new, figures(4))
        tape.close_line(old, is_ours=True)
        tape.now_ns += MS
        tape.received(new, figures(5))
        tape.line(session)  # another that never took over
    assert ids(Recording(path).messages()) == ["1", "2", "3", "4", "5"]


def test_sessions_follow_each_other_and_what_two_recorded_at_once_comes_once(path: Path) -> None:
    with HandmadeTape(path) as tape:
        first, second = tape.session(), tape.session()
        lines = [tape.line(each) for each in (first, second)]
        for each in (first, second):
            tape.feed(each, "trades", "BTCUSDT")
        tape.feed(second, "trades", "ETHUSDT")
        for line in lines:
            tape.now_ns += SECOND
            tape.received(line, trade(1))
        tape.received(lines[1], trade(2, "ETHUSDT"))
        # The recorder is killed, and started again.
        tape.now_ns += SECOND
        third = tape.session()
        line = tape.line(third)
        tape.feed(third, "trades", "BTCUSDT")
        tape.received(line, trade(3))
    recording = Recording(path)
    assert ids(recording.messages("trades", "BTCUSDT")) == ["1", "3"]
    assert ids(recording.messages()) == ["1", "2", "3"]
    assert [each.is_closed for each in recording.sessions()] == [False] * 3


def test_the_parts_of_a_recording_are_read_as_one(path: Path) -> None:
    with HandmadeTape(path) as tape:
        session = tape.session()
        line = tape.line(session)
        feed = tape.feed(session, "trades", "BTCUSDT")
        tape.received(line, trade(1))
        rows = [tape._rows[each] for each in (session, line, feed)]
        place = tape.place()
    part = path.with_name("tape.001.db")
    with HandmadeTape(part, PartRow(1, path.name, START_NS + SECOND)) as tape:
        for row in rows:
            tape.write(row)
        tape._next_id = place
        tape.now_ns += SECOND
        tape.received(line, trade(2))
    recording = Recording(path)
    assert ids(recording.messages()) == ["1", "2"]
    assert recording.sessions()[0].frames == 2


def test_a_tape_that_is_being_written_shows_what_is_there(path: Path) -> None:
    tape = HandmadeTape(path)
    session = tape.session()
    line = tape.line(session)
    tape.feed(session, "trades", "BTCUSDT")
    tape.received(line, trade(1))
    tape.database.commit()
    recording = Recording(path)
    messages = recording.messages()
    assert ids(messages) == ["1"]
    tape.received(line, trade(2))
    tape.database.commit()
    assert ids(recording.messages()) == ["1"]  # as it was when it was opened
    recording.close()
    assert ids(recording.messages()) == ["1", "2"]
    tape.close()


def test_a_tape_of_nothing_and_one_of_a_venue_that_nobody_knows(path: Path) -> None:
    HandmadeTape(path).close()
    recording = Recording(path)
    assert recording.sessions() == recording.channels() == ()
    assert recording.duration_ns == 0
    with pytest.raises(TapeError, match="it has no streams at all"):
        recording.messages()
    with HandmadeTape(path) as tape:
        tape.session("moonbase")
    recording.close()
    with pytest.raises(TapeError, match="'moonbase'; known venues are weex"):
        recording.messages()
