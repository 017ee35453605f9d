"""Warn when positions grow too large or lose too much; ask nothing of the exchange."""

from decimal import Decimal

from weex_client import Position, WeexConfig, WeexWebSocketClient

MAX_EXPOSURE = Decimal(5_000)
MAX_LOSS = Decimal("0.01")


async def watch_risk(config: WeexConfig) -> None:
    """Print exposure and profit of all open positions, and what breaks a limit."""
    positions: dict[object, Position] = {}
    async with WeexWebSocketClient(config) as client:
        async for message in client.stream_positions():
            position = message.data
            if position.size:
                positions[position.identity] = position
            else:
                positions.pop(position.identity, None)
            exposure = sum(map(notional, positions.values()), Decimal(0))
            pnl = sum((each.get("unrealized_pnl", 0) for each in positions.values()), Decimal(0))
            print(f"{len(positions)} positions, exposure {exposure:.2f}, {pnl:+.4f}")
            if exposure > MAX_EXPOSURE:
                print(f"WARNING: exposure is more than {MAX_EXPOSURE}")
            if pnl < -MAX_LOSS:
                print(f"WARNING: the loss is more than {MAX_LOSS}")


def notional(position: Position) -> Decimal:
    """Return what a position is worth at the mark price, or at its entry until that is known."""
    price: Decimal = position.mark_price or position.entry_price or Decimal(0)
    return position.size * price


if __name__ == "__main__":
    from _command_line import run

    run(watch_risk)
