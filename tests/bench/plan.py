"""What is measured: groups of loads and contenders, and the figures that they must reach."""

from dataclasses import replace

from .job import Contender
from .load import MIXED_PERCENT, Load
from .measure import Entry

FRAMES = 200_000
QUICK_FRAMES = 2_000
STEADY_SECONDS = 5
WAITING_MESSAGES = 1_000

BARE = Contender(name="websockets + orjson", program="bare")
DRAIN = Contender(name="the server alone (bytes read, thrown away)", program="drain")
VIEWS = Contender(name="weex_client, books as views", program="client")
CLIENT = Contender(name="weex_client", program="client")
DELTAS = Contender(name="weex_client, books as changes", program="client", book="deltas")
NUMBERS = Contender(name="weex_client, every number read", program="client", numbers=True)
APART = Contender(name="weex_client, a stream per symbol", program="client", apart=True)
FIFTY = Contender(name="weex_client, 50 readers", program="client", readers=50)

RECORDED = Contender(name="weex_client, recorded", program="client", book="deltas", recorded=True)

BARE_LATENCY = Contender(name=BARE.name, program="bare", measure="latency")
CLIENT_LATENCY = Contender(name=CLIENT.name, program="client", measure="latency")
RECORDED_LATENCY = Contender(name=RECORDED.name, program="client", measure="latency", recorded=True)
BARE_MEMORY = Contender(name="orjson dicts", program="bare", measure="memory")
VIEWS_MEMORY = Contender(name=VIEWS.name, program="client", measure="memory")
DELTAS_MEMORY = Contender(name=DELTAS.name, program="client", book="deltas", measure="memory")


def groups(*, quick: bool = False, frames: int = FRAMES) -> dict[str, list[Entry]]:
    """Give the groups by name; the loads of one group are measured turn and turn about."""
    count = QUICK_FRAMES if quick else frames
    books = Load(name="books", percent={"depth": 100}, symbols=20, frames=count)
    tickers = Load(name="tickers", percent={"ticker": 100}, symbols=20, frames=count)
    trades = Load(name="trades", percent={"trade": 100}, symbols=20, frames=count)
    mixed = Load(name="mixed", percent=MIXED_PERCENT, symbols=20, frames=count)
    return {
        "mixed": [Entry(mixed, (BARE, VIEWS, DELTAS, NUMBERS, DRAIN))],
        "kinds": [
            Entry(tickers, (BARE, CLIENT)),
            Entry(trades, (BARE, CLIENT)),
            Entry(books, (BARE, VIEWS, DELTAS)),
        ],
        "growth": [
            Entry(_growth(1, count), (BARE, CLIENT)),
            Entry(_growth(100, count), (BARE, CLIENT, APART)),
            Entry(_growth(1_000, count), (BARE, CLIENT, APART)),
        ],
        "readers": [Entry(_readers(count), (BARE, CLIENT, FIFTY))],
        "latency": [
            Entry(_steady(rate, "mixed", quick=quick), (BARE_LATENCY, CLIENT_LATENCY))
            for rate in (5_000, 20_000)
        ],
        "recording": [
            Entry(replace(mixed, name="mixed, to record"), (BARE, DELTAS, RECORDED)),
            Entry(
                _steady(20_000, "to record", quick=quick),
                (BARE_LATENCY, CLIENT_LATENCY, RECORDED_LATENCY),
            ),
        ],
        "memory": [Entry(_waiting(), (BARE_MEMORY, VIEWS_MEMORY, DELTAS_MEMORY))],
    }


def _growth(symbols: int, frames: int) -> Load:
    name = f"tickers of {symbols:,} symbol{'s' if symbols > 1 else ''}"
    return Load(name=name, percent={"ticker": 100}, symbols=symbols, frames=frames)


def _readers(frames: int) -> Load:
    # Fifty readers get fifty messages a frame: a quarter of the frames is long enough.
    return Load(name="one channel", percent={"ticker": 100}, symbols=1, frames=frames // 4)


def _steady(rate: int, what: str, *, quick: bool) -> Load:
    frames = rate // 5 if quick else rate * STEADY_SECONDS
    name = f"{what}, {rate:,} frames/s"
    return Load(name=name, percent=MIXED_PERCENT, symbols=20, frames=frames, frames_per_second=rate)


def _waiting() -> Load:
    return Load(name="1,000 waiting", percent=MIXED_PERCENT, symbols=20, frames=WAITING_MESSAGES)
