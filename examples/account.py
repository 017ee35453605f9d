"""Watch what the account holds: all balances first, then each as it changes."""

from decimal import Decimal

from weex_client import WeexConfig, WeexWebSocketClient


async def watch_account(config: WeexConfig) -> None:
    """Print each balance, and by how much it has changed."""
    known: dict[str, Decimal] = {}
    async with WeexWebSocketClient(config) as client:
        async for message in client.stream_account():
            data = message.data
            change = data.balance - known.get(data.currency, data.balance)
            known[data.currency] = data.balance
            said = "holds" if message.is_snapshot else f"{change:+f} to"
            free = "" if data.available is None else f", {data.available} available"
            print(f"{data.currency:6} {said} {data.balance:f}{free}")


if __name__ == "__main__":
    from _command_line import run

    run(watch_account)
