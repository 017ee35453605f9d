"""Trade two moving averages on paper, by overriding ``generate_signal``."""

from collections import deque
from statistics import mean

from weex_client import WeexConfig
from weex_client.paper import PaperTradingEngine, Signal

FAST = 5
SLOW = 20


class CrossingAverages(PaperTradingEngine):
    """Buy while the fast average is above the slow one, sell while it is below."""

    def __init__(self) -> None:
        super().__init__(initial_balance=10_000, symbols="BTCUSDT")
        self.prices: deque[float] = deque(maxlen=SLOW)

    def generate_signal(self, price: float) -> Signal:
        """Say what to do at each price."""
        self.prices.append(price)
        if len(self.prices) < SLOW:
            return "hold"
        fast, slow = mean(list(self.prices)[-FAST:]), mean(self.prices)
        is_long = self.has_position("BTCUSDT")
        signal: Signal = "hold"
        if fast > slow and not is_long:
            signal = "buy"
        elif fast < slow and is_long:
            signal = "sell"
        print(f"{signal:<4}  price {price:.1f}, worth {self.calculate_portfolio_value():.2f}")
        return signal


async def moving_averages(config: WeexConfig) -> None:
    """Run until stopped."""
    await CrossingAverages().simulate_trading(config)


if __name__ == "__main__":
    from _command_line import run

    run(moving_averages)
