"""WEEX V3 frames as the venue spells them, read straight into the final payloads.

The names on the left are ours, the aliases the venue's. No decisions here: see ``codec``.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from weex_client.models import (
    Account,
    BookTicker,
    Candle,
    Fill,
    Message,
    Money,
    Order,
    Position,
    Side,
    Ticker,
    Trade,
)

__all__ = [
    "LAST_MILLISECOND",
    "MAX_TRADE_ID_LENGTH",
    "AccountItem",
    "BookTickerFrame",
    "CandleFrame",
    "DepthFrame",
    "FillItem",
    "OrderItem",
    "PositionItem",
    "PrivateFrame",
    "TickerMessage",
    "TradeFrame",
    "WeexAccount",
    "WeexBookTicker",
    "WeexCandle",
    "WeexFill",
    "WeexOrder",
    "WeexPosition",
    "WeexTicker",
    "WeexTrade",
]

_AS_THE_VENUE_SPELLS = ConfigDict(validate_by_alias=True, validate_by_name=False)

# Beyond the year 9999 nothing can be reckoned with: datetime ends there.
LAST_MILLISECOND = 253_402_300_799_999

# Ids are remembered, to tell trades once: a venue must not fill our memory with them. The wire's
# have 36 characters.
MAX_TRADE_ID_LENGTH = 128


def _seconds(milliseconds: Any) -> float:
    try:
        whole = int(milliseconds)
    except (TypeError, OverflowError):
        raise ValueError("no time in milliseconds") from None
    if not 0 <= whole <= LAST_MILLISECOND:
        raise ValueError("no time in milliseconds")
    return whole / 1000


def _percent(fraction: Money) -> Money:
    # Documented as percent, on the wire a fraction: 1067.6 / 85577.6 = 0.012475 (2026-09-23).
    return fraction * 100


def _taker_side(buyer_is_maker: Any) -> Side:
    if not isinstance(buyer_is_maker, bool):
        raise ValueError("neither true nor false")  # noqa: TRY004  # pydantic wants it so
    # The maker bought, so the taker sold: True prints at the bid (contract-trade.jsonl).
    return "sell" if buyer_is_maker else "buy"


def _order_side(side: Any) -> Side:
    match side:
        case "BUY" | "buy":
            return "buy"
        case "SELL" | "sell":
            return "sell"
    # A guess would turn a position around.
    raise ValueError("neither BUY nor SELL")


Seconds = Annotated[float, BeforeValidator(_seconds)]
OrderSide = Annotated[Side, BeforeValidator(_order_side)]
Milliseconds = Annotated[int, Field(ge=0, le=LAST_MILLISECOND)]


class WeexTicker(Ticker):
    """Ticker with what only WEEX says.

    Attributes:
        vwap: Volume-weighted average price of the window.
        window_start: Start of the window, Unix seconds.
        window_end: End of the window, Unix seconds; lags by up to some minutes.
        trade_count: Trades in the window.
    """

    model_config = _AS_THE_VENUE_SPELLS

    last: Money = Field(validation_alias="c")
    bid: Money | None = Field(None, validation_alias="b")
    ask: Money | None = Field(None, validation_alias="a")
    open: Money | None = Field(None, validation_alias="o")
    high: Money | None = Field(None, validation_alias="h")
    low: Money | None = Field(None, validation_alias="l")
    volume: Money | None = Field(None, validation_alias="v")
    quote_volume: Money | None = Field(None, validation_alias="q")
    change: Annotated[Money, AfterValidator(_percent)] | None = Field(None, validation_alias="P")
    price_change: Money | None = Field(None, validation_alias="p")
    mark_price: Money | None = Field(None, validation_alias="m")
    index_price: Money | None = Field(None, validation_alias="i")
    vwap: Money | None = Field(None, validation_alias="w")
    window_start: Seconds | None = Field(None, validation_alias="O")
    window_end: Seconds | None = Field(None, validation_alias="C")
    trade_count: int | None = Field(None, validation_alias="n")


class TickerMessage(Message[WeexTicker]):
    """A ticker frame as a message; the codec completes the times."""

    model_config = _AS_THE_VENUE_SPELLS

    venue: str = "weex"
    channel: str = "ticker"
    symbol: str = Field(validation_alias="s")
    # Live frames carry a list of one; the documentation's spot example an object.
    data: WeexTicker = Field(validation_alias=AliasChoices(AliasPath("d", 0), "d"))
    timestamp: float = 0.0
    exchange_time_ns: Milliseconds = Field(validation_alias="E")
    received_time_ns: int = 0


class WeexTrade(Trade):
    """Trade with what only WEEX says.

    Attributes:
        notional: Price times size, as the venue multiplied it.
    """

    model_config = _AS_THE_VENUE_SPELLS

    trade_id: str = Field(validation_alias="t", max_length=MAX_TRADE_ID_LENGTH)
    price: Money = Field(validation_alias="p")
    size: Money = Field(validation_alias="q")
    side: Annotated[Side, BeforeValidator(_taker_side)] = Field(validation_alias="m")
    timestamp: Seconds = Field(validation_alias="T")
    notional: Money | None = Field(None, validation_alias="v")


class TradeFrame(BaseModel):
    """``trade`` and ``tradeSnapshot``."""

    e: str
    s: str
    d: list[WeexTrade]


class WeexCandle(Candle):
    """Candle with what only WEEX says.

    Attributes:
        one_sided_volume: Documented as the taker's buys, but falling minutes show most of it:
            raw, not to be relied on.
        one_sided_quote_volume: The same in quote units.
    """

    model_config = _AS_THE_VENUE_SPELLS

    open_time: Seconds = Field(validation_alias="t")
    close_time: Seconds = Field(validation_alias="T")
    interval: str = Field(validation_alias="i")
    open: Money = Field(validation_alias="o")
    high: Money = Field(validation_alias="h")
    low: Money = Field(validation_alias="l")
    close: Money = Field(validation_alias="c")
    volume: Money | None = Field(None, validation_alias="v")
    quote_volume: Money | None = Field(None, validation_alias="q")
    trade_count: int | None = Field(None, validation_alias="n")
    one_sided_volume: Money | None = Field(None, validation_alias="V")
    one_sided_quote_volume: Money | None = Field(None, validation_alias="Q")


class CandleFrame(BaseModel):
    """``kline`` and ``klineSnapshot``."""

    e: str
    E: Milliseconds
    s: str
    d: list[WeexCandle]


class WeexBookTicker(BookTicker):
    """Top of book with what only WEEX says.

    Attributes:
        update_id: Increases, but looks like a time in milliseconds: no gap can be told from it.
    """

    model_config = _AS_THE_VENUE_SPELLS

    bid: Money = Field(validation_alias="b")
    bid_size: Money | None = Field(None, validation_alias="B")
    ask: Money = Field(validation_alias="a")
    ask_size: Money | None = Field(None, validation_alias="A")
    update_id: int | None = Field(None, validation_alias="u")


class BookTickerFrame(BaseModel):
    """The envelope of ``bookTicker``, whose payload stands beside it."""

    E: Milliseconds
    s: str


# What the codec's fast way cuts out: digits and at most one point; no sign, exponent or NaN. The
# book refuses what is no number all the same: nothing, or a point alone.
Numeral = Annotated[str, Field(pattern=r"^[0-9]*\.?[0-9]*$")]


class DepthFrame(BaseModel):
    """``depth`` and ``depthSnapshot``."""

    e: str
    E: Milliseconds
    U: int
    u: int
    b: list[tuple[Numeral, Numeral]]
    a: list[tuple[Numeral, Numeral]]


class PrivateFrame(BaseModel):
    """The envelope of ``account``, ``orders``, ``fill`` and ``positions``."""

    e: str
    E: Milliseconds
    v: int | None = None
    d: list[dict[str, Any]]


class WeexAccount(Account):
    """Balance with what only WEEX says (contract market).

    Attributes:
        margin_mode: ``crossed`` or ``isolated``.
        pending_deposit: On its way in; not yet part of ``balance``.
        pending_withdraw: On its way out.
        liquidating: True while the bucket is being liquidated.
        isolated_position_id: The position whose isolated margin it is, or None.
    """

    margin_mode: str | None = None
    pending_deposit: Money | None = None
    pending_withdraw: Money | None = None
    liquidating: bool | None = None
    isolated_position_id: str | None = None

    @property
    def identity(self) -> Hashable:
        """Return which balance this is: crossed margin, or that of one position."""
        return self.currency, self.isolated_position_id


class AccountItem(BaseModel):
    """One balance; spot says ``equity``, contract ``amount``."""

    coin: str
    balance: Money = Field(validation_alias=AliasChoices("equity", "amount"))
    available: Money | None = None
    frozen: Money | None = None
    marginMode: str | None = None
    pendingDepositAmount: Money | None = None
    pendingWithdrawAmount: Money | None = None
    liquidating: bool | None = None
    isolatedPositionId: str | None = None
    updatedTime: Milliseconds | None = None


class WeexOrder(Order):
    """Order with what only WEEX says.

    Attributes:
        status_text: The venue's own status.
        position_side: ``LONG`` or ``SHORT`` (contract market).
        time_in_force: ``GTC``, ``IOC``, ``FOK`` or ``POST_ONLY``.
        quote_size: Quote amount of a spot market buy.
        reduce_only: True if it may only close.
        trigger_price: Price that arms it, or None.
        realized_pnl: Realized by its fills (contract market).
        cancel_reason: The venue's reason, on canceled orders.
    """

    status_text: str
    position_side: str | None = None
    time_in_force: str | None = None
    quote_size: Money | None = None
    reduce_only: bool | None = None
    trigger_price: Money | None = None
    realized_pnl: Money | None = None
    cancel_reason: str | None = None


class OrderItem(BaseModel):
    """One order."""

    id: str
    clientOrderId: str | None = None
    symbol: str
    orderSide: OrderSide
    type: str
    status: str
    price: Money
    size: Money
    value: Money | None = None
    cumFillSize: Money
    cumFillValue: Money
    cumFillFee: Money | None = None
    positionSide: str | None = None
    timeInForce: str | None = None
    reduceOnly: bool | None = None
    triggerPrice: Money | None = None
    cumRealizePnl: Money | None = None
    cancelReason: str | None = None
    updatedTime: Milliseconds | None = None


class WeexFill(Fill):
    """Fill with what only WEEX says.

    Attributes:
        notional: Price times size, as the venue multiplied it.
        position_side: ``LONG`` or ``SHORT`` (contract market).
        realized_pnl: Realized by it (contract market).
    """

    notional: Money | None = None
    position_side: str | None = None
    realized_pnl: Money | None = None


class FillItem(BaseModel):
    """One execution; there is no price on the wire."""

    id: str
    orderId: str
    symbol: str
    orderSide: OrderSide
    fillSize: Money
    fillValue: Money
    fillFee: Money | None = None
    direction: Literal["MAKER", "TAKER"] | str | None = None
    positionSide: str | None = None
    realizePnl: Money | None = None
    createdTime: Milliseconds | None = None


class WeexPosition(Position):
    """Position with what only WEEX says.

    Attributes:
        position_id: The venue's id; several may coexist for one symbol.
        entry_value: Value at entry, quote units.
        currency: The currency of the margin.
        separated_mode: ``combined`` or ``separated``.
    """

    position_id: str
    entry_value: Money | None = None
    currency: str | None = None
    separated_mode: str | None = None

    @property
    def identity(self) -> Hashable:
        """Return which position this is; several may coexist for one symbol and side."""
        return self.symbol, self.side, self.margin_mode, self.separated_mode, self.position_id


class PositionItem(BaseModel):
    """One position."""

    id: str
    symbol: str
    side: Literal["LONG", "SHORT"]
    size: Money
    openValue: Money
    coin: str | None = None
    leverage: Money | None = None
    marginMode: str | None = None
    separatedMode: str | None = None
    updatedTime: Milliseconds | None = None
