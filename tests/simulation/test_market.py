"""The whole market: same seed, same market; and tickers, trades and books that agree."""

from __future__ import annotations

from itertools import pairwise

import pytest

from weex_client.simulation import STEP_NS, Market, SymbolMarket
from weex_client.simulation.candles import DAY_NS

START_NS = 1_790_134_567_942_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT", "MADEUPUSDT")


def market_of(seed: int = 7, start_ns: int = START_NS) -> Market:
    return Market(seed, start_ns, SYMBOLS)


def state(market: SymbolMarket) -> tuple[object, ...]:
    return (
        market.book.sequence,
        dict(market.book.bids.lots),
        dict(market.book.asks.lots),
        list(market.tape.prints),
        market.day(),
        market.candles("1m"),
        market.candles("4h"),
    )


def test_same_seed_is_the_same_market_whatever_was_looked_at_first() -> None:
    one, other = market_of(), market_of()
    for symbol in SYMBOLS:
        one.symbol("contract", symbol).advance_to(900)
    for step in range(0, 901, 9):
        for symbol in reversed(SYMBOLS):
            other.symbol("spot", symbol).advance_to(step)
            other.symbol("contract", symbol).advance_to(step)
            other.symbol("contract", symbol).candles("1h")
    for symbol in SYMBOLS:
        assert state(one.symbol("contract", symbol)) == state(other.symbol("contract", symbol))


def test_another_seed_is_another_market() -> None:
    one, other = market_of(seed=1), market_of(seed=2)
    assert state(one.symbol("spot", "BTCUSDT")) != state(other.symbol("spot", "BTCUSDT"))


def test_the_start_time_moves_the_clock_and_nothing_else() -> None:
    one, other = market_of(), market_of(start_ns=START_NS + 3_600_000_000_000)
    for market in (one, other):
        market.symbol("contract", "BTCUSDT").advance_to(700)
    first, second = (market.symbol("contract", "BTCUSDT") for market in (one, other))
    assert first.book.bids.lots == second.book.bids.lots
    assert [t.price for t in first.tape.prints] == [t.price for t in second.tape.prints]
    assert second.time_ns - first.time_ns == 3_600_000_000_000


def test_catching_up_in_slices_ends_where_one_go_ends() -> None:
    one, other = (market_of().symbol("spot", "ETHUSDT") for _ in range(2))
    assert one.advance_to(300)
    while not other.advance_to(300, most=7):
        pass
    assert state(one) == state(other)


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("segment", ["contract", "spot"])
def test_the_book_is_deep_positive_and_never_crossed(symbol: str, segment: str) -> None:
    market = market_of().symbol("spot" if segment == "spot" else "contract", symbol)
    for _ in range(1_500):
        market.advance()
        bids, asks = market.book.bids, market.book.asks
        assert len(bids) >= 200
        assert len(asks) >= 200
        assert market.book.spread > 0
    for side in (market.book.bids, market.book.asks):
        assert side.keys == sorted(side.lots)
        assert min(side.lots.values()) > 0
    assert min(market.book.bids.lots) > 0


def test_trades_happen_at_the_touch_in_time_order_and_on_both_sides() -> None:
    market = market_of().symbol("contract", "BTCUSDT")
    sides = set()
    for _ in range(600):
        # Quotes may move inside a step before the taker comes, never further than this.
        reach = 200
        touch, seen = market.touch, market.tape.count
        market.advance()
        for trade in market.tape.since(seen):
            sides.add(trade.buyer_is_maker)
            assert trade.lots > 0
            assert touch.bid - reach <= trade.price <= touch.ask + reach
            assert market.time_ns - STEP_NS < trade.time_ns < market.time_ns
    times = [trade.time_ns for trade in market.tape.prints]
    assert times == sorted(times)
    assert sides == {True, False}
    assert market.last == market.tape.prints[-1].price


def test_tape_answers_the_newest_first_and_ids_never_repeat() -> None:
    market = market_of().symbol("contract", "ETHUSDT")
    market.advance_to(600)
    tape = market.tape
    newest = tape.newest(20)
    assert len(newest) == 20
    assert [trade.number for trade in newest] == list(range(tape.count, tape.count - 20, -1))
    assert tape.since(tape.count - 3) == newest[2::-1]
    assert tape.since(tape.count) == []
    ids = {tape.trade_id(trade) for trade in tape.prints}
    assert len(ids) == len(tape.prints)
    assert {len(trade_id) for trade_id in ids} == {36}


def test_day_figures_are_the_five_minute_candles_of_the_window() -> None:
    market = market_of().symbol("spot", "DOGEUSDT")
    for step in (700, 4_000, 7_000):
        market.advance_to(step)
        day = market.day()
        candles = [c for c in market.candles("5m") if c.open_time_ns >= day.open_time_ns]
        assert len(candles) == 289
        assert day.close_time_ns - day.open_time_ns == DAY_NS
        assert 0 <= market.time_ns - day.close_time_ns < 300_000_000_000
        assert day.open == candles[0].open
        assert day.high == max(candle.high for candle in candles)
        assert day.low == min(candle.low for candle in candles)
        assert day.lots == sum(candle.lots for candle in candles)
        assert day.notional == sum(candle.notional for candle in candles)
        assert day.trade_count == sum(candle.trade_count for candle in candles)
        assert day.last == candles[-1].close == market.last
        assert day.low <= day.last <= day.high


def test_contract_and_spot_of_a_symbol_stay_together() -> None:
    market = market_of()
    contract, spot = market.symbol("contract", "BTCUSDT"), market.symbol("spot", "BTCUSDT")
    for step in range(600, 3_000, 300):
        contract.advance_to(step)
        spot.advance_to(step)
        prices = [m.instrument.price(m.mark) for m in (contract, spot)]
        assert abs(prices[0] - prices[1]) < 10


def test_the_market_moves() -> None:
    market = market_of().symbol("contract", "BTCUSDT")
    marks = []
    for step in range(0, 3_000, 100):
        market.advance_to(step)
        marks.append(market.mark)
    assert len(set(marks)) > 20
    assert all(abs(later - earlier) < 2_000 for earlier, later in pairwise(marks))


def test_steps_and_times_are_two_names_of_one_thing() -> None:
    market = market_of()
    step = market.step_at(START_NS)
    assert market.time_at(step) <= START_NS < market.time_at(step + 1)
    # The market is warm when it opens: at least 20 s of trading have happened.
    assert 200 <= step < 800


def test_an_unlisted_symbol_has_no_market() -> None:
    market = market_of()
    assert "NOPEUSDT" not in market
    with pytest.raises(KeyError):
        market.symbol("contract", "NOPEUSDT")
