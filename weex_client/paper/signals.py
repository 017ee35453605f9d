"""What is bought and sold where a strategy is but a signal at each price."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from weex_client.client import StreamClient
from weex_client.errors import UsageError

if TYPE_CHECKING:
    from weex_client.paper.engine import PaperTradingEngine

__all__ = ["Signal", "follow_signals"]

Signal = Literal["buy", "sell", "hold"]

# What a "buy" spends of the balance, and the least balance that it spends of.
_SHARE: Final = Decimal("0.01")
_LEAST_BALANCE: Final = 100


async def follow_signals(engine: PaperTradingEngine, client: StreamClient) -> None:
    """Do what ``generate_signal`` says at each price of the one symbol.

    Raises:
        UsageError: If there are several symbols, or what it says is no signal.
    """
    if len(engine.symbols) != 1:
        raise UsageError("generate_signal trades one symbol: pass a strategy to trade several")
    (symbol,) = engine.symbols
    async with client.stream_tickers(symbol) as stream:
        async for message in stream:
            price = message.data.last
            signal = engine.generate_signal(float(price))
            if signal not in ("buy", "sell", "hold"):
                # One that is spelled otherwise would never trade, and nobody would know why.
                raise UsageError(f"a signal is 'buy', 'sell' or 'hold', not {signal!r}")
            if signal == "buy" and engine.balance > _LEAST_BALANCE:
                size = engine.balance * _SHARE / price
                await engine.execute_buy(price, size, message.timestamp)
            elif signal == "sell" and engine.has_position(symbol):
                held = engine.positions[symbol].copy_abs()
                await engine.execute_sell(price, held, message.timestamp)
