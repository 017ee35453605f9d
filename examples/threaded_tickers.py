"""Prices without asyncio: a client in a background thread, and a plain ``for``."""

from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.sync import SyncClient


def print_tickers(config: WeexConfig) -> None:
    """Print the prices of two markets until Ctrl-C."""
    with SyncClient(WeexWebSocketClient, config) as client:
        for message in client.stream_tickers(["BTCUSDT", "ETHUSDT"]):
            print(f"{message.symbol} {message.data.last} ({message.data.change:+.2f} % in 24 h)")


if __name__ == "__main__":
    from _command_line import run_in_thread

    run_in_thread(print_tickers)
