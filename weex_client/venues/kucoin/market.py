"""KuCoin's market frames to messages: tickers, snapshots, trades, candles, tops of book. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import TypeAdapter

from weex_client.errors import DecodeError
from weex_client.models import (
    BookTicker,
    Candle,
    Message,
    Trade,
    enveloped,
    exact_json,
    validated,
    validator,
)
from weex_client.protocol import Channel
from weex_client.venues.kucoin.channels import ALL_TICKERS, VENUE, KucoinChannel, argument
from weex_client.venues.kucoin.symbols import INTERVAL_SECONDS
from weex_client.venues.kucoin.wire import (
    MAX_ID_LENGTH,
    CandleFrame,
    KucoinBookTicker,
    KucoinCandle,
    KucoinSnapshot,
    Level1Frame,
    SnapshotFrame,
    TickerMessage,
    TradeFrame,
)

__all__ = [
    "candle_of",
    "decode_book_ticker",
    "decode_candles",
    "decode_snapshot",
    "decode_ticker",
    "decode_trades",
    "trade_ids",
]

# Once for all messages: an enumeration looks its members' values up each time.
_TRADES: Final = Channel.TRADES.value
_CANDLES: Final = Channel.CANDLES.value
_BOOK_TICKER: Final = Channel.BOOK_TICKER.value

_ticker = validator(TickerMessage)
_trade = validator(TradeFrame)
_candle = validator(CandleFrame)
_level1 = validator(Level1Frame)
_snapshot = TypeAdapter(SnapshotFrame).validate_python

# Printable ASCII without quote and backslash. Ids are remembered: longer ones are refused.
_TRADE_ID = re.compile(rb'"tradeId":"([ !#-\[\]-~]{1,%d})"' % MAX_ID_LENGTH).findall


def decode_ticker(frame: bytes, received_time_ns: int) -> Sequence[Message[Any]]:
    """Read ``trade.ticker`` straight into its message.

    Raises:
        DecodeError: If the frame does not fit.
    """
    message = validated(_ticker, frame)
    # Nobody has seen this message yet; what the frame says of it is completed in place.
    fields = message.__dict__
    topic = fields.pop("topic")
    if topic == ALL_TICKERS:
        fields["channel"] = KucoinChannel.ALL_TICKERS.value
    else:
        fields["symbol"] = argument(topic)
    time_ns = message.exchange_time_ns
    fields["timestamp"] = (received_time_ns if time_ns is None else time_ns) / 1_000_000_000
    fields["received_time_ns"] = received_time_ns
    return (message,)


def decode_snapshot(frame: bytes, received_time_ns: int) -> Sequence[Message[KucoinSnapshot]]:
    """Read ``trade.snapshot``: the figures of 24 hours, whose numbers are JSON numbers.

    Raises:
        DecodeError: If the frame does not fit.
    """
    envelope = validated(_snapshot, exact_json(frame))
    item = envelope.item
    rate = item.changeRate
    data = KucoinSnapshot(
        last=item.last,
        bid=item.buy,
        ask=item.sell,
        open=item.open,
        high=item.high,
        low=item.low,
        volume=item.vol,
        quote_volume=item.volValue,
        change=None if rate is None else rate * 100,
        price_change=item.changePrice,
        bid_size=item.bidSize,
        ask_size=item.askSize,
        average_price=item.averagePrice,
        is_trading=item.trading,
        maker_fee_rate=item.makerFeeRate,
        taker_fee_rate=item.takerFeeRate,
    )
    return (
        enveloped(
            VENUE,
            KucoinChannel.SNAPSHOT.value,
            item.symbol,
            data,
            item.datetime,
            received_time_ns,
            sequence=envelope.sequence,
        ),
    )


def decode_trades(frame: bytes, received_time_ns: int) -> Sequence[Message[Trade]]:
    """Read ``trade.l3match``: one trade.

    Raises:
        DecodeError: If the frame does not fit.
    """
    match = validated(_trade, frame)
    return (
        enveloped(
            VENUE,
            _TRADES,
            match.symbol,
            match.data,
            match.time_ns,
            received_time_ns,
            sequence=match.sequence,
        ),
    )


def trade_ids(frame: bytes) -> Sequence[str]:
    """Read the id of a frame's trade from its bytes; empty where not spelled as usual."""
    ids = _TRADE_ID(frame)
    return [ids[0].decode("ascii")] if len(ids) == 1 else ()


def decode_candles(frame: bytes, received_time_ns: int) -> Sequence[Message[Candle]]:
    """Read ``trade.candles.update`` or ``.add``: the forming candle, or a flat one made up for.

    The venue does not say which candles are closed: the session does.

    Raises:
        DecodeError: If the frame does not fit.
    """
    update = validated(_candle, frame)
    interval = argument(update.topic).rpartition("_")[2]
    if interval not in INTERVAL_SECONDS:
        raise DecodeError(f"candles of no known interval: {update.topic:.60}")
    data = candle_of(update.candle, interval)
    return (enveloped(VENUE, _CANDLES, update.symbol, data, update.time_ns, received_time_ns),)


def candle_of(row: tuple[Any, ...], interval: str) -> KucoinCandle:
    """Build a candle from the venue's row: start, open, close, high, low, volume, turnover."""
    start, first, last, high, low, volume, turnover = row
    return KucoinCandle(
        open_time=start,
        close_time=start + INTERVAL_SECONDS[interval],
        interval=interval,
        open=first,
        high=high,
        low=low,
        close=last,
        volume=volume,
        quote_volume=turnover,
    )


def decode_book_ticker(frame: bytes, received_time_ns: int) -> Sequence[Message[BookTicker]]:
    """Read ``level1``.

    Raises:
        DecodeError: If the frame does not fit.
    """
    top = validated(_level1, frame)
    data = KucoinBookTicker(
        bid=top.bid[0], bid_size=top.bid[1], ask=top.ask[0], ask_size=top.ask[1]
    )
    return (
        enveloped(
            VENUE,
            _BOOK_TICKER,
            argument(top.topic),
            data,
            top.time_ns,
            received_time_ns,
        ),
    )
