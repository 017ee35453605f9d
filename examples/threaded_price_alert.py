"""Price alerts without asyncio: handlers that a background thread calls."""

from decimal import Decimal
from typing import Any

from weex_client import ConnectionEvent, Message, WeexConfig, WeexWebSocketClient
from weex_client.sync import SyncClient


class PriceAlert(SyncClient):
    """Tell when a price crosses the next multiple of a step, upwards or downwards."""

    def __init__(self, config: WeexConfig, symbol: str, step: Decimal) -> None:
        super().__init__(WeexWebSocketClient, config)
        self.stream_tickers(symbol)
        self.stream_trades(symbol)
        self.on(f"ticker:{symbol}", self.check_price)
        self.on("trades", self.check_size)
        self.step = step
        self.rung: Decimal | None = None

    def check_price(self, message: Message[Any]) -> None:
        """Compare each price with the one before."""
        price = message.data.last
        rung = price // self.step
        if self.rung is None:
            print(f"{message.symbol} is at {price}, waiting")
        elif rung != self.rung:
            crossed = max(rung, self.rung) * self.step
            way = "above" if rung > self.rung else "below"
            print(f"ALERT: {message.symbol} went {way} {crossed}: {price}")
        self.rung = rung

    def check_size(self, message: Message[Any]) -> None:
        """Tell of large trades, but not of those from before the start."""
        if message.data.size >= 10 and not message.is_snapshot:
            print(f"large trade: {message.data.side} {message.data.size} at {message.data.price}")

    def on_event(self, event: ConnectionEvent) -> None:
        """Tell what happens to the line; the client reconnects by itself."""
        print(f"{event.kind}: {event.cause or 'as it should be'}")

    def on_close(self) -> None:
        """Say goodbye."""
        print(f"{self.metrics.messages} messages looked at")


def watch_prices(config: WeexConfig) -> None:
    """Watch BTC/USDT until Ctrl-C; the main thread has nothing to do but wait."""
    with PriceAlert(config, "BTCUSDT", step=Decimal(1)) as alert:
        alert.join()


if __name__ == "__main__":
    from _command_line import run_in_thread

    run_in_thread(watch_prices)
