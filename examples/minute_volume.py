"""Add up what is traded in each minute, from Coinbase's matches."""

from datetime import UTC, datetime
from decimal import Decimal

from weex_client import CoinbaseConfig, CoinbaseWebSocketClient


async def print_minute_volume(config: CoinbaseConfig) -> None:
    """Print the volume of BTC-USD at the end of each minute, and on the way to it."""
    async with CoinbaseWebSocketClient(config) as client:
        minute, bought, sold, count = "", Decimal(0), Decimal(0), 0
        async for message in client.stream_trades("BTC-USD"):
            if message.is_snapshot:
                continue  # the last trade before we came
            trade = message.data
            now = datetime.fromtimestamp(trade.timestamp, UTC).strftime("%H:%M")
            if now != minute:
                if minute:
                    print(f"{minute}  {bought + sold} BTC in {count} trades, {bought} bought")
                minute, bought, sold, count = now, Decimal(0), Decimal(0), 0
            bought += trade.size if trade.side == "buy" else 0
            sold += trade.size if trade.side == "sell" else 0
            count += 1
            if count % 10 == 0:
                print(f"{minute}  {bought + sold} BTC so far")


if __name__ == "__main__":
    from _command_line import run

    run(print_minute_volume, venue="coinbase")
