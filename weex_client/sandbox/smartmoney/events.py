"""What Smart Money tells: events drawn from a seed, at the prices of the exchange's market."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple

from weex_client.simulation import Market
from weex_client.simulation.draws import seeded
from weex_client.venues.smartmoney import SmartMoneyChannel

__all__ = ["COINS_TOLD_OF", "MOMENT_NS", "PRICED", "News", "Newsroom", "coins_of", "contract_of"]

# News are drawn five times a simulated second; a trader who tries things out waits for none.
MOMENT_NS: Final = 200_000_000

# What news are about where a channel is about all coins: the first ones listed.
COINS_TOLD_OF: Final = 4

# Channels whose events have a price, for which those coins' contracts must be current.
PRICED: Final = frozenset(
    {
        SmartMoneyChannel.LIQUIDATIONS,
        SmartMoneyChannel.OPEN_INTEREST,
        SmartMoneyChannel.ALERTS,
    }
)

_QUOTE: Final = "USDT"
_EXCHANGES: Final = ("binance", "bybit", "okx", "deribit")
_SIGNALS: Final = ("accumulation", "distribution", "breakout", "reversal")
_ALERTS: Final = ("price_move", "volume_spike", "funding_flip")
_WALLETS: Final = 12
_MS: Final = 1_000_000
_CENT: Final = Decimal("0.01")
_RATE: Final = Decimal("0.000001")


def coins_of(market: Market) -> tuple[str, ...]:
    """Return the coins that are listed."""
    listed = (symbol for symbol in market.symbols if symbol.endswith(_QUOTE))
    return tuple(symbol.removesuffix(_QUOTE) for symbol in listed)


def contract_of(coin: str) -> str:
    """Return the symbol of a coin's contract."""
    return f"{coin}{_QUOTE}"


class News(NamedTuple):
    """One event.

    Attributes:
        kind: The venue's name of it.
        symbol: The coin it is about, or None.
        body: Its fields; figures are ``Decimal``, written as JSON numbers.
    """

    kind: str
    symbol: str | None
    body: Mapping[str, Any]


class Newsroom:
    """Draw what happens on a channel in a moment of simulated time.

    The same seed tells the same of every moment, whoever listens; only prices are the market's
    own, which orders of accounts can move.

    Args:
        market: All symbols; its seed is the seed of the news.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._desks: Final[dict[SmartMoneyChannel, tuple[float, _Desk]]] = {
            # How likely a moment has news, and who writes them.
            SmartMoneyChannel.WHALES: (0.3, self._whale),
            SmartMoneyChannel.FUNDING: (0.3, self._funding),
            SmartMoneyChannel.LIQUIDATIONS: (0.3, self._liquidation),
            SmartMoneyChannel.OPEN_INTEREST: (0.2, self._open_interest),
            SmartMoneyChannel.FLOWS: (0.2, self._flow),
            SmartMoneyChannel.SIGNALS: (0.1, self._signal),
            SmartMoneyChannel.ALERTS: (0.1, self._alert),
            SmartMoneyChannel.STATUS: (0.1, self._status),
        }

    def moment(
        self, channel: SmartMoneyChannel, asset: str | None, coins: Sequence[str], time_ns: int
    ) -> Sequence[News]:
        """Return what happened on a channel in the moment that ends now.

        Args:
            channel: Which.
            asset: Whose whales; None elsewhere.
            coins: What may be told of where a channel is about all.
            time_ns: Simulated nanoseconds since the epoch.
        """
        moment = time_ns // MOMENT_NS
        random = seeded(f"{self._market.seed}/smartmoney/{channel}/{asset or ''}/{moment}")
        chance, desk = self._desks[channel]
        if random.random() >= chance:
            return ()
        coin = asset or random.choice(coins)
        news = desk(random, coin)
        return (news._replace(body={**news.body, "timestamp": time_ns // _MS}),)

    def _price(self, coin: str) -> Decimal:
        market = self._market.symbol("contract", contract_of(coin))
        return market.instrument.price(market.last)

    def _whale(self, random: Random, coin: str) -> News:
        wallet = f"0x{random.randrange(_WALLETS) + 1:040x}"
        sign = random.choice((1, -1))
        size_usd = sign * random.randrange(250_000, 25_000_000)
        return News("whale_update", coin, {"wallet": wallet, "asset": coin, "size_usd": size_usd})

    def _funding(self, random: Random, coin: str) -> News:
        rate = Decimal(random.gauss(0.00008, 0.00012)).quantize(_RATE)
        exchange = random.choice(_EXCHANGES)
        return News("funding_rate", coin, {"symbol": coin, "rate": rate, "exchange": exchange})

    def _liquidation(self, random: Random, coin: str) -> News:
        size_usd = Decimal(round(random.lognormvariate(10.5, 1.2) * 100)) * _CENT
        body = {"symbol": coin, "price": self._price(coin), "size_usd": size_usd}
        return News("liquidation", coin, body)

    def _open_interest(self, random: Random, coin: str) -> News:
        open_interest_usd = self._price(coin) * random.randrange(10_000, 90_000)
        body = {"symbol": coin, "open_interest_usd": open_interest_usd}
        return News("open_interest", coin, {**body, "exchange": random.choice(_EXCHANGES)})

    def _flow(self, random: Random, coin: str) -> News:
        direction = random.choice(("deposit", "withdrawal"))
        body = {"asset": coin, "direction": direction, "exchange": random.choice(_EXCHANGES)}
        return News("onchain_flow", coin, {**body, "size_usd": random.randrange(50_000, 9_000_000)})

    def _signal(self, random: Random, coin: str) -> News:
        score = Decimal(random.randrange(101)) * _CENT
        body = {"symbol": coin, "signal_type": random.choice(_SIGNALS), "score": score}
        return News("signal", coin, body)

    def _alert(self, random: Random, coin: str) -> News:
        body = {"symbol": coin, "alert": random.choice(_ALERTS), "price": self._price(coin)}
        return News("alert", coin, body)

    def _status(self, random: Random, _coin: str) -> News:
        return News("status", None, {"status": "ok", "lag_ms": random.randrange(20, 100)})


_Desk = Callable[[Random, str], News]
