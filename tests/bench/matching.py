"""Orders a second through the pretend exchange: ``python -m tests.bench.matching``."""

from __future__ import annotations

import statistics
from collections import Counter
from decimal import Decimal
from random import Random
from time import process_time

from weex_client.errors import OrderRejectedError
from weex_client.simulation import instrument_for
from weex_client.simulation.exchange import PretendExchange
from weex_client.simulation.ledger import ContractLedger
from weex_client.simulation.orders import OrderRequest
from weex_client.simulation.trading_rules import TradingRules

SYMBOL = "BTCUSDT"
ACCOUNTS = tuple(f"trader-{number}" for number in range(8))
RUNS = 5
# How many open orders the flow keeps: the oldest is cancelled for each one above.
OPEN_ORDERS = 400


def exchange() -> PretendExchange:
    """Return an exchange whose traders never run out of money."""
    made = PretendExchange()
    instrument = instrument_for(SYMBOL, "contract")
    made.list_symbol(TradingRules.of(instrument, Decimal("0.0002"), Decimal("0.0006")))
    for account in ACCOUNTS:
        ledger = ContractLedger(Decimal(10))
        ledger.deposit("USDT", Decimal(10**12))
        made.open_account(account, ledger)
    return made


def requests(count: int, seed: int = 7) -> list[tuple[str, OrderRequest]]:
    """Return a flow: limit orders around one price, a fifth of them takers, some market."""
    draw = Random(seed)
    flow = []
    for _ in range(count):
        side = draw.choice(("buy", "sell"))
        offset = draw.randint(-40, 200) * (-1 if side == "buy" else 1)
        price = None if draw.random() < 0.05 else Decimal(800_000 + offset).scaleb(-1)
        request = OrderRequest(
            symbol=SYMBOL,
            side=side,
            type="limit" if price is not None else "market",
            size=Decimal(draw.randint(1, 5_000)).scaleb(-4),
            price=price,
            time_in_force=draw.choice(("GTC", "GTC", "GTC", "IOC", "POST_ONLY"))
            if price
            else "GTC",
        )
        flow.append((draw.choice(ACCOUNTS), request))
    return flow


def run(flow: list[tuple[str, OrderRequest]]) -> tuple[float, Counter[str]]:
    """Send a flow; return the seconds it took and what became of it."""
    made = exchange()
    waiting: list[tuple[str, str]] = []
    counted: Counter[str] = Counter()
    began = process_time()
    for number, (account, request) in enumerate(flow):
        try:
            state, events = made.submit(account, request, number)
        except OrderRejectedError:
            counted["refused"] += 1
            continue
        counted["fills"] += sum(hasattr(event, "fill_id") for event in events)
        if state.status in ("new", "partially_filled"):
            waiting.append((account, state.order_id))
            if len(waiting) > OPEN_ORDERS:
                counted["cancels"] += _cancel(made, *waiting.pop(0), number)
    return process_time() - began, counted


def _cancel(made: PretendExchange, account: str, order_id: str, now_ns: int) -> bool:
    try:
        made.cancel(account, order_id, now_ns)
    except OrderRejectedError:
        return False
    return True


def main(count: int = 50_000) -> None:
    """Print the median of some runs."""
    flow = requests(count)
    runs = [run(flow) for _ in range(RUNS)]
    seconds = statistics.median(run[0] for run in runs)
    counted = dict(runs[0][1])
    print(f"{count / seconds:,.0f} orders a CPU second, median of {RUNS}; of {count:,}: {counted}")


if __name__ == "__main__":
    main()
