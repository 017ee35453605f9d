"""Say when a price crosses a line of yours, once for each crossing."""

from decimal import Decimal

from weex_client import WeexConfig, WeexWebSocketClient

# How far from the first price the lines are drawn; yours will be prices.
DISTANCE = Decimal("0.00005")


class Alert:
    """Remember on which side of a line a price is."""

    def __init__(self, line: Decimal) -> None:
        self.line = line
        self._is_above: bool | None = None

    def crossed(self, price: Decimal) -> bool:
        """Take note of a price; return True if it has come over to the other side."""
        was_above, self._is_above = self._is_above, price > self.line
        return was_above is not None and was_above is not self._is_above


async def alert_on_prices(config: WeexConfig) -> None:
    """Watch two lines around the first price that comes."""
    alerts: list[Alert] = []
    async with WeexWebSocketClient(config) as client:
        async for message in client.stream_tickers("BTCUSDT"):
            price = message.data.last
            if not alerts:
                alerts = [Alert(price * (1 + sign * DISTANCE)) for sign in (-1, 1)]
                print("watching", " and ".join(f"{alert.line:.2f}" for alert in alerts))
            for alert in alerts:
                if alert.crossed(price):
                    way = "above" if price > alert.line else "below"
                    print(f"ALERT {message.symbol} at {price} is {way} {alert.line:.2f}")


if __name__ == "__main__":
    from _command_line import run

    run(alert_on_prices)
