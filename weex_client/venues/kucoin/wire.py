"""KuCoin's frames as the venue spells them, read straight into the final payloads.

The names on the left are ours, the aliases the venue's. No decisions here: see ``market`` and
``private``.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

from weex_client.models import (
    Account,
    BookTicker,
    Candle,
    Fill,
    Message,
    Money,
    Order,
    Side,
    Ticker,
    Trade,
)

__all__ = [
    "MAX_ID_LENGTH",
    "BalanceItem",
    "CandleFrame",
    "Id",
    "KucoinAccount",
    "KucoinBookTicker",
    "KucoinCandle",
    "KucoinFill",
    "KucoinOrder",
    "KucoinSnapshot",
    "KucoinTicker",
    "KucoinTrade",
    "Level1Frame",
    "Nanoseconds",
    "OptionalMoney",
    "OrderItem",
    "PrivateFrame",
    "SnapshotFrame",
    "StopItem",
    "TickerMessage",
    "TradeFrame",
    "nanoseconds",
]

_AS_THE_VENUE_SPELLS = ConfigDict(validate_by_alias=True, validate_by_name=False)

# Beyond the year 9999 nothing can be reckoned with: datetime ends there.
_LAST_NANOSECOND = 253_402_300_799_999_999_999

# Ids are remembered, to tell trades once: a venue must not fill our memory with them. The wire's
# have 24 characters.
MAX_ID_LENGTH = 128

# Below which magnitude a time is in which unit (sheet, 6): the venue's topics differ, and its
# documentation errs. Seconds have 10 digits, milliseconds 13, microseconds 16.
_UNITS = ((10**11, 1_000_000_000), (10**14, 1_000_000), (10**17, 1_000))


def nanoseconds(time: Any) -> int:
    """Read a time of any unit, a number or a text, as nanoseconds since the epoch.

    Raises:
        ValueError: If it is none.
    """
    try:
        number = int(time)
    except (TypeError, OverflowError):
        raise ValueError("no time") from None
    if isinstance(time, bool) or number < 0:
        raise ValueError("no time")
    for end, factor in _UNITS:
        if number < end:
            return number * factor
    if number > _LAST_NANOSECOND:
        raise ValueError("no time")
    return number


def _seconds(time: Any) -> float:
    return nanoseconds(time) / 1_000_000_000


Nanoseconds = Annotated[int, BeforeValidator(nanoseconds)]
Seconds = Annotated[float, BeforeValidator(_seconds)]


class KucoinTicker(Ticker):
    """Last trade and touch, at most every 100 ms; the figures of 24 hours are in snapshots.

    Attributes:
        last_size: Size of the last trade, base units.
        bid_size: Size at the best bid.
        ask_size: Size at the best ask.
    """

    model_config = _AS_THE_VENUE_SPELLS

    last: Money = Field(validation_alias="price")
    bid: Money | None = Field(None, validation_alias="bestBid")
    ask: Money | None = Field(None, validation_alias="bestAsk")
    last_size: Money | None = Field(None, validation_alias="size")
    bid_size: Money | None = Field(None, validation_alias="bestBidSize")
    ask_size: Money | None = Field(None, validation_alias="bestAskSize")


class TickerMessage(Message[KucoinTicker]):
    """A ticker frame as a message; the codec completes symbol and times."""

    model_config = _AS_THE_VENUE_SPELLS

    venue: str = "kucoin"
    channel: str = "ticker"
    # Of all symbols at once, the subject is the symbol; of one symbol, the topic has it.
    topic: str = Field(exclude=True)
    symbol: str = Field(validation_alias="subject")
    data: KucoinTicker
    timestamp: float = 0.0
    # One example of the documentation spells it ``Time`` (ticker-doc-examples.jsonl).
    exchange_time_ns: Nanoseconds | None = Field(
        None, validation_alias=AliasChoices(AliasPath("data", "time"), AliasPath("data", "Time"))
    )
    received_time_ns: int = 0
    sequence: int | None = Field(None, validation_alias=AliasPath("data", "sequence"))


class KucoinSnapshot(Ticker):
    """The figures of 24 hours, every two seconds.

    Attributes:
        bid_size: Size at the best bid.
        ask_size: Size at the best ask.
        average_price: Average price of the 24 hours, as the venue reckons it.
        is_trading: False while the symbol cannot be traded.
        maker_fee_rate: The venue's base rate: 0.001 is ten basis points.
        taker_fee_rate: The same for takers.
    """

    bid_size: Money | None = None
    ask_size: Money | None = None
    average_price: Money | None = None
    is_trading: bool | None = None
    maker_fee_rate: Money | None = None
    taker_fee_rate: Money | None = None


class SnapshotItem(BaseModel):
    """``data.data`` of a snapshot; its numbers are JSON numbers, of up to 20 places."""

    symbol: str
    last: Money = Field(validation_alias=AliasChoices("lastTradedPrice", "close"))
    buy: Money | None = None
    sell: Money | None = None
    bidSize: Money | None = None
    askSize: Money | None = None
    open: Money | None = None
    high: Money | None = None
    low: Money | None = None
    vol: Money | None = None
    volValue: Money | None = None
    changePrice: Money | None = None
    changeRate: Money | None = None
    averagePrice: Money | None = None
    trading: bool | None = None
    makerFeeRate: Money | None = None
    takerFeeRate: Money | None = None
    datetime: Nanoseconds | None = None


class SnapshotFrame(BaseModel):
    """``trade.snapshot``."""

    sequence: int | None = Field(None, validation_alias=AliasPath("data", "sequence"))
    item: SnapshotItem = Field(validation_alias=AliasPath("data", "data"))


class KucoinTrade(Trade):
    """Trade with what only KuCoin says.

    Attributes:
        maker_order_id: The order that waited in the book.
        taker_order_id: The order that met it.
    """

    model_config = _AS_THE_VENUE_SPELLS

    trade_id: str = Field(validation_alias="tradeId", max_length=MAX_ID_LENGTH)
    price: Money
    size: Money
    # The taker's: checked against the touch in the recording (sheet, 7.7).
    side: Side
    timestamp: Seconds = Field(validation_alias="time")
    maker_order_id: str | None = Field(None, validation_alias="makerOrderId")
    taker_order_id: str | None = Field(None, validation_alias="takerOrderId")


class TradeFrame(BaseModel):
    """``trade.l3match``."""

    symbol: str = Field(validation_alias=AliasPath("data", "symbol"))
    sequence: int | None = Field(None, validation_alias=AliasPath("data", "sequence"))
    time_ns: Nanoseconds = Field(validation_alias=AliasPath("data", "time"))
    data: KucoinTrade


class KucoinCandle(Candle):
    """Candle; the venue says neither how many trades it has nor whether it is closed."""


class CandleFrame(BaseModel):
    """``trade.candles.update`` and ``trade.candles.add``."""

    topic: str
    symbol: str = Field(validation_alias=AliasPath("data", "symbol"))
    time_ns: Nanoseconds = Field(validation_alias=AliasPath("data", "time"))
    # Start, open, close, high, low, volume, turnover: not the usual order (sheet, 7.6).
    candle: tuple[Seconds, Money, Money, Money, Money, Money, Money] = Field(
        validation_alias=AliasPath("data", "candles")
    )


class KucoinBookTicker(BookTicker):
    """Best bid and ask, at most every 10 ms."""


class Level1Frame(BaseModel):
    """``level1``: one pair of price and size a side, not a list of pairs."""

    topic: str
    bid: tuple[Money, Money] = Field(validation_alias=AliasPath("data", "bids"))
    ask: tuple[Money, Money] = Field(validation_alias=AliasPath("data", "asks"))
    time_ns: Nanoseconds | None = Field(None, validation_alias=AliasPath("data", "timestamp"))


Id = Annotated[str, Field(max_length=MAX_ID_LENGTH)]
# The venue leaves out what it does not say, or says it with an empty text.
OptionalMoney = Annotated[
    Money | None, BeforeValidator(lambda value: None if value == "" else value)
]


class PrivateFrame(BaseModel):
    """The envelope of every account frame."""

    subject: str = ""
    data: dict[str, Any]


class KucoinOrder(Order):
    """Order with what only KuCoin says.

    Attributes:
        event: What has happened to it: ``received``, ``open``, ``match``, ``update``, ``filled``
            or ``canceled``; None where it was read by request.
        remaining_size: What is still open, base units.
        canceled_size: What was canceled, base units.
        funds: Quote amount of a market buy.
        stop: What arms a stop order: ``loss``, ``entry`` or another of the venue's words.
        stop_price: The price that arms it.
        fee_currency: What the fee is paid in.
    """

    event: str | None = None
    remaining_size: Money | None = None
    canceled_size: Money | None = None
    funds: Money | None = None
    stop: str | None = None
    stop_price: Money | None = None
    fee_currency: str | None = None


class OrderItem(BaseModel):
    """``data`` of ``orderChange``."""

    orderId: Id
    clientOid: str | None = None
    symbol: str
    side: Literal["buy", "sell"]
    orderType: str
    type: str
    price: OptionalMoney = None
    size: OptionalMoney = None
    originSize: OptionalMoney = None
    originFunds: OptionalMoney = None
    filledSize: OptionalMoney = None
    remainSize: OptionalMoney = None
    canceledSize: OptionalMoney = None
    matchPrice: OptionalMoney = None
    matchSize: OptionalMoney = None
    tradeId: Id | None = None
    liquidity: str | None = None
    feeType: str | None = None
    ts: Nanoseconds | None = None


class StopItem(BaseModel):
    """``data`` of ``stopOrder``."""

    orderId: Id
    symbol: str
    side: Literal["buy", "sell"]
    type: str
    size: OptionalMoney = None
    orderPrice: OptionalMoney = None
    stopPrice: OptionalMoney = None
    stop: str | None = None
    ts: Nanoseconds | None = None


class KucoinFill(Fill):
    """Fill with what only KuCoin says.

    Attributes:
        fee_type: ``takerFee`` or ``makerFee`` where that decides the fee and not ``liquidity``.
        fee_currency: What the fee is paid in, where it is known.
    """

    fee_type: str | None = None
    fee_currency: str | None = None


class KucoinAccount(Account):
    """Balance with what only KuCoin says.

    Attributes:
        account: Which of the currency's accounts: ``main``, ``trade``, ``trade_hf``, ``margin``,
            ``isolated_BTC-USDT`` and others.
        account_id: The venue's id of it, in frames.
        event: What has changed it: ``trade.hold`` and others; None where it was read by request.
        available_change: By how much ``available`` has changed.
        frozen_change: By how much ``frozen`` has changed.
        order_id: The order that it is about, or None.
        trade_id: The trade that it is about, or None.
    """

    account: str
    account_id: str | None = None
    event: str | None = None
    available_change: Money | None = None
    frozen_change: Money | None = None
    order_id: str | None = None
    trade_id: str | None = None

    @property
    def identity(self) -> Hashable:
        """Return which balance this is: of a currency there is one in each account."""
        return self.currency, self.account


class BalanceItem(BaseModel):
    """``data`` of ``account.balance``."""

    currency: Annotated[str, Field(max_length=MAX_ID_LENGTH)]
    total: Money
    available: OptionalMoney = None
    hold: OptionalMoney = None
    availableChange: OptionalMoney = None
    holdChange: OptionalMoney = None
    relationEvent: Annotated[str, Field(max_length=MAX_ID_LENGTH)] = ""
    relationContext: dict[str, Any] | None = None
    accountId: str | None = None
    time: Nanoseconds | None = None
