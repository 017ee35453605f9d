"""Trade on paper with a state file and say what was acknowledged, until somebody kills us.

Run as ``python -m tests.paper.keeper FILE SEED SECONDS``; every line of the output is one
acknowledgement, written after it was given.
"""

from __future__ import annotations

import asyncio
import json
import sys
from random import Random
from typing import Any

from weex_client import OrderRejectedError, WeexWebSocketClient
from weex_client.paper import PaperTradingEngine
from weex_client.sandbox import SandboxExchange


def say(kind: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"kind": kind, **facts}) + "\n")
    sys.stdout.flush()


async def say_fills(engine: PaperTradingEngine) -> None:
    async with engine.stream_fills() as fills:
        async for message in fills:
            say("fill", id=message.data.fill_id, order=message.data.order_id)


async def trade(path: str, seed: int, seconds: float) -> None:
    draw = Random(seed)
    async with (
        SandboxExchange(seed=seed, speed=25) as exchange,
        WeexWebSocketClient(exchange.weex_config()) as client,
        asyncio.timeout(seconds),
    ):
        engine = PaperTradingEngine(1_000_000, state=path)
        async with engine.trading(client), client.stream_order_book("BTCUSDT") as books:
            telling = asyncio.create_task(say_fills(engine))
            async for book in books:
                side = draw.choice(("buy", "sell"))
                price = book.data.best_bid if side == "buy" else book.data.best_ask
                is_market = draw.random() < 0.3
                try:
                    order = await engine.submit(
                        "BTCUSDT", side, "0.01", price=None if is_market else price
                    )
                except OrderRejectedError:
                    continue
                say("order", id=order.order_id, status=order.status)
                if draw.random() < 0.3 and engine.open_orders:
                    victim = next(iter(engine.open_orders))
                    try:
                        await engine.cancel(victim)
                    except OrderRejectedError:
                        continue
                    say("cancel", id=victim)
                telling.done()


if __name__ == "__main__":
    asyncio.run(trade(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
