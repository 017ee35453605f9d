"""Trade on paper under risk limits that the engine sees to by itself."""

from weex_client import RiskLimitError, WeexConfig, WeexWebSocketClient
from weex_client.client import StreamClient
from weex_client.paper import PaperTradingEngine, RiskLimits

LIMITS = RiskLimits(
    max_position_size=1000,  # USDT
    max_daily_loss=5,  # USDT
    max_drawdown=0.1,  # 10 %
)


async def risk_monitored_trading(config: WeexConfig) -> None:
    """Let a reckless bot trade, and print what the limits do about it."""
    engine = PaperTradingEngine(10_000, symbols="BTCUSDT", risk_limits=LIMITS)
    async with WeexWebSocketClient(config) as client:
        report = await engine.run(client, reckless, seconds=60)
    for breach in engine.breaches:
        print(f"{breach.limit}: {breach.value:.2f} > {breach.allowed}: {breach.action}")
    print(report)


async def reckless(engine: PaperTradingEngine, _client: StreamClient) -> None:
    """Buy at every position the engine tells of, whatever it costs."""
    async with engine.stream_positions() as positions:
        await engine.submit("BTCUSDT", "buy", "0.01")
        async for message in positions:
            position = message.data
            pnl = position.get("unrealized_pnl", 0)  # unknown until there is a mark price
            print(f"{position.side} {position.size}, PnL {pnl}")
            try:
                await engine.submit("BTCUSDT", "buy", "0.02")
            except RiskLimitError as exc:
                print(f"refused: {exc}")
                return


if __name__ == "__main__":
    from _command_line import run

    run(risk_monitored_trading)
