"""The public HTTP reads of WEEX V3, as far as independent clients need them beside the sockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

from websockets.http11 import Response

from weex_client.sandbox.branch import FEE_RATES
from weex_client.sandbox.http_answer import json_answer
from weex_client.sandbox.weex.figures import (
    candle_figures,
    level_figures,
    ticker_figures,
    trade_figures,
)
from weex_client.sandbox.weex.switchboard import Switchboard
from weex_client.simulation import DepthWindow, Instrument, Market, SymbolMarket, instrument_for
from weex_client.simulation.trading_floor import PRICE_BAND
from weex_client.venues.weex.endpoints import Market as MarketName
from weex_client.venues.weex.venue import DEPTHS, INTERVALS

Query = Mapping[str, str]
Read = Callable[[MarketName, Query], Awaitable[object]]

# API docs, "Error codes".
_INVALID_SYMBOL = {"code": -1121, "msg": "Invalid symbol."}
_INVALID_INTERVAL = {"code": -1142, "msg": "Parameter 'interval' is invalid."}
_INVALID_LIMIT = {"code": -1140, "msg": "Parameter validation failed. limit is not valid."}
_NOT_FOUND = {"code": 404, "msg": "no such path"}

_PREFIXES: tuple[tuple[str, MarketName], ...] = (
    ("/capi/v3/market/", "contract"),
    ("/capi/v3/", "contract"),
    ("/api/v3/market/", "spot"),
    ("/api/v3/", "spot"),
)


class RefusedReadError(Exception):
    """The venue answers HTTP 400 with this body."""

    def __init__(self, body: dict[str, object]) -> None:
        super().__init__(str(body))
        self.body = body


class RestReads:
    """Answer the public reads of both markets from the same market as the sockets."""

    def __init__(self, market: Market, boards: Mapping[MarketName, Switchboard]) -> None:
        self._market = market
        self._boards = boards
        self._reads: dict[str, Read] = {
            "ping": self._ping,
            "time": self._time,
            "coins": self._coins,
            "exchangeInfo": self._exchange_facts,
            "depth": self._depth,
            "trades": self._trades,
            "klines": self._candles,
            "ticker/24hr": self._tickers,
            "ticker/bookTicker": self._book_tickers,
        }

    async def answer(self, target: str) -> Response:
        """Return the answer to a GET of a path with its query."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        for prefix, name in _PREFIXES:
            read = self._reads.get(parts.path.removeprefix(prefix))
            if parts.path.startswith(prefix) and read is not None:
                try:
                    return json_answer(200, await read(name, query))
                except RefusedReadError as refused:
                    return json_answer(400, refused.body)
        return json_answer(404, _NOT_FOUND)

    async def _ping(self, _name: MarketName, _query: Query) -> object:
        return {}

    async def _time(self, name: MarketName, _query: Query) -> object:
        return {"serverTime": self._boards[name].now_ns // 1_000_000}

    async def _coins(self, name: MarketName, _query: Query) -> object:
        instruments = [instrument_for(symbol, name) for symbol in self._market.symbols]
        coins = dict.fromkeys([*(i.base for i in instruments), *(i.quote for i in instruments)])
        return [
            {
                "coin": coin,
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "name": coin,
                "networkList": [],
            }
            for coin in coins
        ]

    async def _exchange_facts(self, name: MarketName, _query: Query) -> object:
        describe = _contract_facts if name == "contract" else _spot_facts
        return {
            "timezone": "UTC",
            "serverTime": self._boards[name].now_ns // 1_000_000,
            "symbols": [describe(instrument_for(s, name)) for s in self._market.symbols],
        }

    async def _depth(self, name: MarketName, query: Query) -> object:
        market = await self._symbol(name, query)
        limit = query.get("limit", str(DEPTHS[0]))
        if limit not in {str(level) for level in DEPTHS}:
            raise RefusedReadError(_INVALID_LIMIT)
        window = DepthWindow(market.book, int(limit))
        return {
            "asks": _pairs(market.instrument, window.asks),
            "bids": _pairs(market.instrument, window.bids),
            "lastUpdateId": window.sequence,
        }

    async def _trades(self, name: MarketName, query: Query) -> object:
        market = await self._symbol(name, query)
        trades = market.tape.newest(_limit(query, 100))
        return [
            {
                "id": trade.trade_id,
                "price": format(trade.price, "f"),
                "qty": format(trade.size, "f"),
                "quoteQty": format(trade.notional, "f"),
                "time": trade.time_ms,
                "isBuyerMaker": trade.buyer_is_maker,
                "isBestMatch": True,
            }
            for trade in trade_figures(market, reversed(trades))
        ]

    async def _candles(self, name: MarketName, query: Query) -> object:
        interval = query.get("interval", "")
        if interval not in INTERVALS[name]:
            raise RefusedReadError(_INVALID_INTERVAL)
        market = await self._symbol(name, query)
        candles = market.candles(interval)[-_limit(query, 100) :]
        return [
            [
                candle.open_time_ms,
                *(format(p, "f") for p in (candle.open, candle.high, candle.low, candle.close)),
                format(candle.volume, "f"),
                candle.close_time_ms,
                format(candle.quote_volume, "f"),
                candle.trade_count,
                format(candle.sold_volume, "f"),
                format(candle.sold_quote_volume, "f"),
            ]
            for candle in candle_figures(market.instrument, candles)
        ]

    async def _tickers(self, name: MarketName, query: Query) -> object:
        return [_ticker_row(market) for market in await self._asked_symbols(name, query)]

    async def _book_tickers(self, name: MarketName, query: Query) -> object:
        rows = []
        for market in await self._asked_symbols(name, query):
            touch, instrument = market.touch, market.instrument
            rows.append(
                {
                    "symbol": instrument.symbol,
                    "bidPrice": format(instrument.price(touch.bid), "f"),
                    "bidQty": format(instrument.size(touch.bid_lots), "f"),
                    "askPrice": format(instrument.price(touch.ask), "f"),
                    "askQty": format(instrument.size(touch.ask_lots), "f"),
                }
            )
        return rows

    async def _symbol(self, name: MarketName, query: Query) -> SymbolMarket:
        symbol = query.get("symbol", "").upper()
        if symbol not in self._market:
            raise RefusedReadError(_INVALID_SYMBOL)
        return await self._boards[name].caught_up(symbol)

    async def _asked_symbols(self, name: MarketName, query: Query) -> list[SymbolMarket]:
        if "symbol" in query:
            return [await self._symbol(name, query)]
        return [await self._boards[name].caught_up(symbol) for symbol in self._market.symbols]


def _limit(query: Query, default: int) -> int:
    asked = query.get("limit", str(default))
    if not asked.isascii() or not asked.isdecimal() or not 0 < len(asked) <= 4 or int(asked) == 0:
        raise RefusedReadError(_INVALID_LIMIT)
    return min(int(asked), 1000)


def _pairs(instrument: Instrument, levels: dict[int, int]) -> list[list[str]]:
    return [
        [format(price, "f"), format(size, "f")] for price, size in level_figures(instrument, levels)
    ]


def _ticker_row(market: SymbolMarket) -> dict[str, object]:
    figures = ticker_figures(market)
    change = figures.last - figures.open
    row: dict[str, object] = {
        "symbol": market.instrument.symbol,
        "priceChange": format(change, "f"),
        "priceChangePercent": format(round(change / figures.open, 6), "f"),
        "lastPrice": format(figures.last, "f"),
        "openPrice": format(figures.open, "f"),
        "highPrice": format(figures.high, "f"),
        "lowPrice": format(figures.low, "f"),
        "volume": format(figures.volume, "f"),
        "quoteVolume": format(figures.quote_volume, "f"),
        "openTime": figures.open_time_ms,
        "closeTime": figures.close_time_ms,
    }
    if figures.mark_price is None or figures.index_price is None:
        return row | {"count": figures.trade_count}
    return row | {
        "markPrice": format(figures.mark_price, "f"),
        "indexPrice": format(figures.index_price, "f"),
    }


def _spot_facts(instrument: Instrument) -> dict[str, object]:
    return {
        "symbol": instrument.symbol,
        "status": "TRADING",
        "baseAsset": instrument.base,
        "baseAssetPrecision": "8",
        "quoteAsset": instrument.quote,
        "quoteAssetPrecision": "8",
        "tickSize": format(instrument.tick_size, "f"),
        "stepSize": format(instrument.size_step, "f"),
        "minTradeAmount": format(instrument.size_step, "f"),
        "maxTradeAmount": "99999999",
        "takerFeeRate": format(FEE_RATES["spot"][1], "f"),
        "makerFeeRate": format(FEE_RATES["spot"][0], "f"),
        "buyLimitPriceRatio": format(PRICE_BAND, "f"),
        "sellLimitPriceRatio": format(PRICE_BAND, "f"),
        "enableTrade": True,
        "enableDisplay": True,
    }


def _contract_facts(instrument: Instrument) -> dict[str, object]:
    return {
        "symbol": instrument.symbol,
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": str(instrument.price_digits),
        "quantityPrecision": str(instrument.size_digits),
        "baseAssetPrecision": str(instrument.size_digits),
        "quotePrecision": "8",
        # Sizes on the wire are in base coin; this is the smallest of them (sheet, 6).
        "contractVal": format(instrument.size_step, "f"),
        "forwardContractFlag": True,
        "minLeverage": "1",
        "maxLeverage": "400",
        "makerFeeRate": format(FEE_RATES["contract"][0], "f"),
        "takerFeeRate": format(FEE_RATES["contract"][1], "f"),
        "minOrderSize": format(instrument.size_step, "f"),
        "maxOrderSize": "1000000",
    }
