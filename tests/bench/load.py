"""What the server sends: how many frames, of which kinds, over which symbols, how fast.

The frames themselves are built in ``frames``.
"""

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["depth", "trade", "ticker"]

SUFFIXES: dict[Kind, str] = {"depth": "@depth15", "trade": "@trade", "ticker": "@ticker"}

KNOWN_COINS = [
    *("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "BNB", "TRX", "LINK", "AVAX"),
    *("SUI", "LTC", "DOT", "UNI", "NEAR", "APT", "ARB", "OP", "PEPE", "ATOM"),
]

# The mixed load: 20 symbols, 60 % books, 25 % trades, 15 % tickers.
MIXED_PERCENT: dict[Kind, int] = {"depth": 60, "trade": 25, "ticker": 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Describe one load.

    ``frames_per_second`` of zero means as fast as the client reads.
    """

    name: str
    percent: dict[Kind, int]
    symbols: int
    frames: int
    frames_per_second: int = 0

    def as_dict(self) -> dict[str, object]:
        """Give the fields as JSON takes them."""
        return asdict(self)


def symbol_names(count: int) -> list[str]:
    """Give ``count`` symbols spelled as the venue spells them, the best known first."""
    coins = KNOWN_COINS + [f"COIN{number:03d}" for number in range(len(KNOWN_COINS), count)]
    return [f"{coin}USDT" for coin in coins[:count]]


def stream_name(symbol: str, kind: Kind) -> str:
    """Give the venue's name of a stream, as SUBSCRIBE takes it."""
    return symbol + SUFFIXES[kind]


def stream_names(load: Load) -> list[str]:
    """Give every stream that a client of this load subscribes to."""
    kinds = [kind for kind, percent in load.percent.items() if percent]
    return [stream_name(symbol, kind) for kind in kinds for symbol in symbol_names(load.symbols)]
