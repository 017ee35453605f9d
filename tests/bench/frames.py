"""Build WEEX frames, wrapped for the WebSocket, from a seeded market.

Keys, their order and the digits are those of the venue's own frames (``tests/venues/weex/frames``);
books are windows of exactly 15 levels a side whose changes chain by ``U`` and ``u``.
Nothing here sends anything: that is ``server``.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from struct import pack

from .load import Kind, Load, stream_name, symbol_names

# Frame number N is stamped N milliseconds after this, so that a message says which frame it was.
FIRST_TIME_MS = 1_788_964_868_000

LEVELS = 15
CHANGES_PER_SIDE = 10
SEED = 7

PRICE_PLACES = 1
SIZE_PLACES = 4
DAY_MS = 86_400_000
MINUTE_MS = 60_000


def fixed(units: int, places: int) -> str:
    """Spell a whole number of smallest units as the venue spells decimals."""
    whole, part = divmod(abs(units), 10**places)
    return f"{'-' if units < 0 else ''}{whole}.{part:0{places}d}"


def wrap(text: str) -> bytes:
    """Wrap a text as one unmasked RFC 6455 frame, as a server sends it."""
    payload = text.encode()
    if len(payload) < 126:
        return pack("!BB", 0x81, len(payload)) + payload
    if len(payload) < 65_536:
        return pack("!BBH", 0x81, 126, len(payload)) + payload
    return pack("!BBQ", 0x81, 127, len(payload)) + payload


class Side:
    """Keep one side of a book: a size for each price of a window of ``LEVELS`` prices."""

    def __init__(self, window: range, random: Random) -> None:
        self._random = random
        self._sizes = {price: self._size() for price in window}

    def _size(self) -> str:
        return fixed(self._random.randrange(1_000, 30_000), SIZE_PLACES)

    def whole(self, window: range) -> str:
        """Spell every level, best first."""
        return _spell((price, self._sizes[price]) for price in window)

    def change(self, window: range) -> str:
        """Move to another window, resize some levels, and spell what changed."""
        changes = {price: "0" for price in self._sizes if price not in window}
        for price in changes:
            del self._sizes[price]
        sizes = {price: self._size() for price in window if price not in self._sizes}
        start = self._random.randrange(LEVELS)
        for price in (*window[start:], *window[:start]):
            if len(changes) + len(sizes) >= CHANGES_PER_SIDE:
                break
            if price not in sizes:
                sizes[price] = self._size()
        self._sizes |= sizes
        return _spell(sorted((changes | sizes).items(), reverse=window.step < 0))


def _spell(levels: Iterable[tuple[int, str]]) -> str:
    # One decimal place, written out: this line is most of the time that building a reel takes.
    pairs = [f'["{price // 10}.{price % 10}","{size}"]' for price, size in levels]
    return f"[{','.join(pairs)}]"


class SymbolMarket:
    """Move one symbol's price and book, and spell its frames."""

    def __init__(self, symbol: str, random: Random) -> None:
        self._symbol = symbol
        self._random = random
        self._open = random.randrange(50_000, 900_000)
        self._best_ask = self._open
        self._sequence = random.randrange(10**9, 10**10)
        self._trades = random.randrange(100_000, 600_000)
        self._bids = Side(self._bid_window(), random)
        self._asks = Side(self._ask_window(), random)

    def _bid_window(self) -> range:
        return range(self._best_ask - 1, self._best_ask - 1 - LEVELS, -1)

    def _ask_window(self) -> range:
        return range(self._best_ask, self._best_ask + LEVELS)

    def snapshot(self, time_ms: int) -> str:
        """Spell the whole book, best level first."""
        return (
            f'{{"e":"depthSnapshot","E":{time_ms},"s":"{self._symbol}"'
            f',"U":{self._sequence - 36},"u":{self._sequence},"l":{LEVELS},"d":"SNAPSHOT"'
            f',"b":{self._bids.whole(self._bid_window())}'
            f',"a":{self._asks.whole(self._ask_window())}}}'
        )

    def depth(self, time_ms: int) -> str:
        """Move the book and spell the change: twenty levels, deletes included."""
        self._best_ask += self._random.choice((-2, -1, 0, 1, 2))
        first, self._sequence = self._sequence, self._sequence + self._random.randrange(20, 60)
        return (
            f'{{"e":"depth","E":{time_ms},"s":"{self._symbol}"'
            f',"U":{first},"u":{self._sequence},"l":{LEVELS},"d":"CHANGED"'
            f',"b":{self._bids.change(self._bid_window())}'
            f',"a":{self._asks.change(self._ask_window())}}}'
        )

    def trade(self, time_ms: int) -> str:
        """Spell one trade at the touch, with an id that no other trade has."""
        maker_bought = self._random.random() < 0.5
        price = self._best_ask - maker_bought
        size = self._random.randrange(1, 5_000)
        name = f"{self._random.getrandbits(128):032x}"
        value = fixed(price * size, PRICE_PLACES + SIZE_PLACES)
        return (
            f'{{"e":"trade","E":{time_ms},"s":"{self._symbol}","d":[{{"T":{time_ms}'
            f',"t":"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"'
            f',"p":"{fixed(price, PRICE_PLACES)}","q":"{fixed(size, SIZE_PLACES)}","v":"{value}"'
            f',"m":{"true" if maker_bought else "false"}}}]}}'
        )

    def ticker(self, time_ms: int) -> str:
        """Spell the statistics of the last 24 hours."""
        last = self._best_ask = self._best_ask + self._random.choice((-1, 0, 1))
        change = last - self._open
        self._trades += 1
        volume = self._random.randrange(10**7, 10**9)
        closed_ms = time_ms - time_ms % MINUTE_MS
        return (
            f'{{"e":"ticker","E":{time_ms},"s":"{self._symbol}","d":[{{"p":"{fixed(change, 1)}"'
            f',"P":"{fixed(change * 10**6 // self._open, 6)}"'
            f',"w":"{fixed(last * 10**7 + volume, 8)}","c":"{fixed(last, 1)}"'
            f',"o":"{fixed(self._open, 1)}","h":"{fixed(self._open + 8_000, 1)}"'
            f',"l":"{fixed(self._open - 8_000, 1)}","v":"{fixed(volume, 4)}"'
            f',"q":"{fixed(volume * last, 5)}","O":{closed_ms - DAY_MS},"C":{closed_ms}'
            f',"n":{self._trades},"m":"{fixed(last + 1, 1)}"'
            f',"i":"{fixed(last * 10**4 + 2_875, 5)}"}}]}}'
        )


@dataclass(frozen=True, slots=True)
class Reel:
    """Hold a load's frames in the order of sending, with the stream that each belongs to."""

    frames: list[bytes]
    streams: list[str]
    snapshots: dict[str, bytes]

    def frames_by_stream(self) -> dict[str, int]:
        """Count the frames of each stream."""
        return dict(Counter(self.streams))

    def frames_of(self, streams: set[str]) -> list[bytes]:
        """Give the frames of some streams, in order."""
        pairs = zip(self.frames, self.streams, strict=True)
        return [frame for frame, stream in pairs if stream in streams]


def wind(load: Load) -> Reel:
    """Build all frames of a load; the same load gives the same frames."""
    random = Random(SEED)
    symbols = symbol_names(load.symbols)
    markets = [SymbolMarket(symbol, random) for symbol in symbols]
    snapshots = {
        stream_name(symbol, "depth"): wrap(market.snapshot(FIRST_TIME_MS - 1))
        for symbol, market in zip(symbols, markets, strict=True)
    }
    kinds: list[Kind] = random.choices(
        list(load.percent), weights=list(load.percent.values()), k=load.frames
    )
    frames: list[bytes] = []
    streams: list[str] = []
    for number, kind in enumerate(kinds):
        place = number % load.symbols
        market = markets[place]
        spell = {"depth": market.depth, "trade": market.trade, "ticker": market.ticker}[kind]
        frames.append(wrap(spell(FIRST_TIME_MS + number)))
        streams.append(stream_name(symbols[place], kind))
    return Reel(frames, streams, snapshots)
