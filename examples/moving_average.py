"""Compare each price with the average of the last twenty."""

from collections import deque
from decimal import Decimal
from statistics import mean

from weex_client import WeexConfig, WeexWebSocketClient

PERIOD = 20
BAND = Decimal("0.02")


async def follow_average(config: WeexConfig) -> None:
    """Print what a simple moving average would have you do."""
    prices: deque[Decimal] = deque(maxlen=PERIOD)
    async with WeexWebSocketClient(config) as client:
        async for message in client.stream_tickers("BTCUSDT"):
            price = message.data.last
            prices.append(price)
            if len(prices) == PERIOD:
                average = mean(prices)
                print(f"{signal(price, average):<4}  price {price}, average {average:.2f}")


def signal(price: Decimal, average: Decimal) -> str:
    """Return ``BUY`` well above the average, ``SELL`` well below it, ``HOLD`` between."""
    if price > average * (1 + BAND):
        return "BUY"
    if price < average * (1 - BAND):
        return "SELL"
    return "HOLD"


if __name__ == "__main__":
    from _command_line import run

    run(follow_average)
