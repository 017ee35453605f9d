"""Digits and opening prices of known and made-up symbols."""

from __future__ import annotations

from decimal import Decimal

import pytest

from weex_client.simulation import DEFAULT_SYMBOLS, instrument_for
from weex_client.simulation.instrument import SEGMENTS, Segment


@pytest.mark.parametrize(
    ("symbol", "segment", "digits"),
    [
        ("BTCUSDT", "contract", (1, 4)),
        ("BTCUSDT", "spot", (2, 6)),
        ("ETHUSDT", "contract", (2, 3)),
        ("ETHUSDT", "spot", (2, 5)),
    ],
)
def test_known_symbols_have_the_digits_of_captured_frames(
    symbol: str, segment: Segment, digits: tuple[int, int]
) -> None:
    instrument = instrument_for(symbol, segment)
    assert (instrument.price_digits, instrument.size_digits) == digits


def test_numbers_keep_their_trailing_zeros_and_the_product_is_exact() -> None:
    instrument = instrument_for("BTCUSDT", "contract")
    assert str(instrument.price(792_210)) == "79221.0"
    assert str(instrument.size(356)) == "0.0356"
    assert str(instrument.notional(792_210 * 356)) == "2820.26760"
    assert instrument.price(792_210) * instrument.size(356) == Decimal("2820.2676")


@pytest.mark.parametrize("segment", SEGMENTS)
def test_every_symbol_has_room_for_200_bids_above_zero(segment: Segment) -> None:
    made_up = [f"COIN{number}USDT" for number in range(500)]
    for symbol in (*DEFAULT_SYMBOLS, *made_up, "ETHBTC", "ODD"):
        assert instrument_for(symbol, segment).opening_ticks >= 3_600, symbol


def test_a_made_up_symbol_is_the_same_every_time() -> None:
    first, second = (instrument_for("ZORKUSDT", "spot") for _ in range(2))
    assert first == second
    assert (first.base, first.quote) == ("ZORK", "USDT")
