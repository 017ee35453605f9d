"""Trade on paper: buy below the last price, sell above, and see what it comes to."""

from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.client import StreamClient
from weex_client.paper import PaperTradingEngine


async def paper_trading(config: WeexConfig) -> None:
    """Run a strategy on live prices with an account that is only on paper."""
    engine = PaperTradingEngine(10_000, symbols="BTCUSDT")
    async with WeexWebSocketClient(config) as client:
        report = await engine.run(client, dip_buyer, seconds=60)
    print(report)


async def dip_buyer(engine: PaperTradingEngine, client: StreamClient) -> None:
    """Buy, and sell again with a limit order a little above, five times."""
    for _ in range(5):
        bought = await engine.submit("BTCUSDT", "buy", "0.01")
        print(f"bought {bought.filled_size} at {bought.average_price}")
        async with client.stream_order_book("BTCUSDT") as books, engine.stream_orders() as orders:
            best_ask = (await anext(books)).data.best_ask
            selling = await engine.submit("BTCUSDT", "sell", "0.01", price=best_ask)
            async for message in orders:
                if message.data.order_id == selling.order_id and message.data.status == "filled":
                    break
        print(f"sold at {best_ask}, equity {engine.equity:.2f}")


if __name__ == "__main__":
    from _command_line import run

    run(paper_trading)
