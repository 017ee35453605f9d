"""Test a bot under chaos: run it with pytest, or as it stands.

``pip install 'weex-client[testing]'`` gives the fixtures; no import is needed for them.
"""

import subprocess
import sys
from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest

from weex_client import WeexWebSocketClient
from weex_client.sandbox import SandboxExchange

Levels = tuple[tuple[Decimal, Decimal], ...]


async def books(
    client: WeexWebSocketClient, symbol: str
) -> AsyncGenerator[tuple[int | None, Levels, Levels], None]:
    """Be the bot: follow an order book, whatever happens to the line."""
    async for message in client.stream_order_book(symbol, level=15):
        yield message.sequence, message.data.bids, message.data.asks


@pytest.mark.asyncio
@pytest.mark.sandbox(seed=7, speed=30)
async def test_bot_notices_what_it_lost(
    sandbox_exchange: SandboxExchange, weex_sandbox_client: WeexWebSocketClient
) -> None:
    """Lose one change on the way, and see the client say so."""
    events = weex_sandbox_client.events()
    followed = books(weex_sandbox_client, "BTCUSDT")
    await anext(followed)
    sandbox_exchange.faults.skip("BTCUSDT", "book")
    async for event in events:
        if event.kind == "gap":
            break
    (lost,) = sandbox_exchange.faults.log.losses()
    assert (event.channel, event.symbol) == (lost.channel, lost.symbol)
    await followed.aclose()


@pytest.mark.asyncio
@pytest.mark.sandbox(seed=7, speed=30, chaos=42)
async def test_bot_never_sees_a_wrong_book(
    sandbox_exchange: SandboxExchange, weex_sandbox_client: WeexWebSocketClient
) -> None:
    """Compare each book under chaos with the exchange's own at the same sequence."""
    followed = books(weex_sandbox_client, "BTCUSDT")
    seen = 0
    async for sequence, bids, asks in followed:
        assert sequence is not None
        true_bids, true_asks = sandbox_exchange.true_book("contract", "BTCUSDT", 15, sequence)
        assert (list(bids), list(asks)) == (true_bids, true_asks)
        seen += 1
        if seen >= 100 and len(sandbox_exchange.faults.log) >= 20:
            break
    await followed.aclose()
    print(f"{seen} books compared after {len(sandbox_exchange.faults.log)} records of faults")


if __name__ == "__main__":
    # In a process of its own: pytest wants to be the first to import the plugin's package.
    pytest_call = [sys.executable, "-m", "pytest", __file__, "-q", "-s", "-p", "no:cacheprovider"]
    sys.exit(subprocess.call(pytest_call))
