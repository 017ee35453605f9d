"""WEEX V3 as the streaming rooms see it: one market of it, bound to its settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from weex_client.config import is_loopback
from weex_client.errors import ConfigError, UnsupportedChannelError
from weex_client.protocol import (
    USER_AGENT,
    Channel,
    Decoder,
    DialRequest,
    Feed,
    Heartbeat,
    Limits,
    Scope,
    Topic,
    Venue,
)
from weex_client.rest import AccountReads, HttpRequest, HttpResponse, Query
from weex_client.venues.weex import codec, endpoints, private, rest, rest_answers
from weex_client.venues.weex.config import WeexConfig

__all__ = ["WeexVenue"]

DEPTHS: Final = (15, 200)

# Lists of other implementations, agreed by three (sheet, 7.3); 1m is a minute, 1M a month.
INTERVALS: Final[dict[endpoints.Market, tuple[str, ...]]] = {
    "contract": ("1m", "5m", "15m", "30m", "1h", "4h", "12h", "1d", "1w"),
    "spot": ("1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1w", "1M"),
}

_DECODERS: Final[dict[Channel, Decoder]] = {
    Channel.TICKER: codec.decode_ticker,
    Channel.TRADES: codec.decode_trades,
    Channel.CANDLES: codec.decode_candles,
    Channel.BOOK_TICKER: codec.decode_book_ticker,
    Channel.ACCOUNT: private.decode_account,
    Channel.POSITIONS: private.decode_positions,
    Channel.ORDERS: private.decode_orders,
    Channel.FILLS: private.decode_fills,
}
_PRIVATE_FEEDS: Final[dict[Channel, Feed]] = {
    Channel.ACCOUNT: "account",
    Channel.POSITIONS: "positions",
    Channel.ORDERS: "orders",
    Channel.FILLS: "fill",
}
_CONTRACT_ONLY: Final = frozenset({Channel.POSITIONS})
_SPOT_ONLY: Final = frozenset({Channel.BOOK_TICKER})

# Data frames begin with event and time, greetings and pings end with the time (fixtures).
_SENT_TIME = re.compile(rb'"(?:E|time)":"?(\d{13})[",}]').search
_STAMPED_BYTES = 128


class WeexVenue(Venue):
    """Spell WEEX V3 for one market; see ``protocol.Venue``."""

    name: Final = codec.VENUE
    limits: Final[Limits] = endpoints.LIMITS

    # Frames do not say which market they belong to, and are spelled alike on both.
    route_key = staticmethod(codec.route_key)
    read = staticmethod(codec.read)
    read_book = staticmethod(codec.read_book)
    trade_ids = staticmethod(codec.trade_ids)
    encode = staticmethod(codec.encode)
    blamed = staticmethod(codec.blamed)

    def __init__(self, config: WeexConfig) -> None:
        self._config = config
        silence_seconds = config.stale_after_seconds or endpoints.HEARTBEAT.silence_seconds
        self._heartbeat = replace(
            endpoints.HEARTBEAT,
            silence_seconds=silence_seconds,
            # Who wants to know soon does not want to wait long for an answer.
            answer_seconds=min(silence_seconds, endpoints.HEARTBEAT.answer_seconds),
            steady=endpoints.STEADY[config.market],
        )

    @property
    def heartbeat(self) -> Heartbeat:
        """Return how a silent line is recognised, as the settings have it."""
        return self._heartbeat

    @property
    def channels(self) -> tuple[StrEnum, ...]:
        """Return the channels that this market has."""
        absent = _SPOT_ONLY if self._config.market == "contract" else _CONTRACT_ONLY
        return tuple(channel for channel in Channel if channel not in absent)

    def dial(self, scope: Scope, now_ns: int, ticket: HttpResponse | None = None) -> DialRequest:  # noqa: ARG002
        """Return where to connect; a private dial is signed for this moment.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        headers = {"User-Agent": USER_AGENT}
        if scope is Scope.PUBLIC:
            return DialRequest(self._config.public_url, headers)
        headers |= endpoints.private_headers(self._checked_credentials(), now_ns)
        return DialRequest(self._config.private_url, headers)

    def check_credentials(self) -> None:
        """Make sure that a private dial, and what is asked with it, can be signed.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        self._checked_credentials()
        if self._seeds:
            self._checked_rest_url()

    def account_reads(self, channel: StrEnum) -> AccountReads | None:
        """Return how the state behind a private channel is read by request, or None."""
        return rest.account_reads(channel, self._config.market) if self._seeds else None

    @property
    def _seeds(self) -> bool:
        """Tell whether the account's state is read.

        Nothing is read from the venue's own REST address for an account that is elsewhere: the
        credentials of a private address on this machine stay on it.
        """
        config = self._config
        is_astray = is_loopback(config.private_url) and not is_loopback(config.rest_url)
        return config.seed_private and not is_astray

    def ask(self, query: Query, now_ns: int) -> HttpRequest:
        """Write a question about the account, signed for this moment.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        credentials = self._checked_credentials()
        base = self._checked_rest_url()
        parameters = f"?{urlencode(query.parameters)}" if query.parameters else ""
        target = query.path + parameters
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            **endpoints.rest_headers(credentials, now_ns, "GET", target),
        }
        return HttpRequest("GET", base + target, headers)

    def _checked_rest_url(self) -> str:
        base = self._config.rest_url.rstrip("/")
        if not base.startswith("https://") and not is_loopback(base):
            raise ConfigError(
                f"rest_url {base} would send the credentials in clear: use an https:// address"
            )
        return base

    def answered(self, query: Query, response: HttpResponse) -> bytes | None:
        """Return what an answer says, or None if what was asked about does not exist.

        Raises:
            WeexClientError: If the answer is a refusal; see ``protocol.Venue``.
        """
        return rest_answers.answered(query, response, self._config.credentials() or ())

    def mark_topic(self, symbol: str) -> Topic | None:
        """Return the ticker of a symbol: contract tickers carry the mark price (sheet, 8.4)."""
        return Topic(Channel.TICKER, symbol)

    def _checked_credentials(self) -> tuple[str, str, str]:
        credentials = self._config.credentials()
        if credentials is None:
            raise ConfigError(
                "private streams need credentials: set WEEX_API_KEY, WEEX_SECRET_KEY and"
                " WEEX_PASSPHRASE, or api_key, secret_key and passphrase of WeexConfig"
            )
        url = self._config.private_url
        if not url.startswith("wss://") and not is_loopback(url):
            raise ConfigError(
                f"private_url {url} would send the credentials in clear: use a wss:// address"
            )
        return credentials

    def scope(self, channel: StrEnum) -> Scope:
        """Return which connection carries a channel."""
        return Scope.PRIVATE if channel in _PRIVATE_FEEDS else Scope.PUBLIC

    def feed(self, topic: Topic) -> Feed:
        """Return the stream name that serves a topic.

        Raises:
            UnsupportedChannelError: If this market lacks the channel, level or interval.
        """
        channel = topic.channel
        if channel not in self.channels:
            raise self._unsupported(f"no {channel} channel", "channels", self.channels)
        match channel:
            case Channel.TICKER:
                return f"{topic.symbol}@ticker"
            case Channel.TRADES:
                return f"{topic.symbol}@trade"
            case Channel.BOOK_TICKER:
                return f"{topic.symbol}@bookTicker"
            case Channel.BOOK | Channel.BOOK_DELTAS:
                return f"{topic.symbol}@depth{self._depth(topic)}"
            case Channel.CANDLES:
                return f"{topic.symbol}@kline_{self._interval(topic)}_LAST_PRICE"
            case _:
                return _PRIVATE_FEEDS[Channel(channel)]

    def _depth(self, topic: Topic) -> int:
        """Return the venue's depth: views are cut from it, raw changes need it as it is."""
        level = topic.level or 0
        if topic.channel is Channel.BOOK_DELTAS and level not in DEPTHS:
            raise self._unsupported(f"no book changes of {level} levels", "levels", DEPTHS)
        for depth in DEPTHS:
            if 1 <= level <= depth:
                return depth
        levels = (f"1 to {DEPTHS[-1]}",)
        raise self._unsupported(f"no order book of {level} levels", "levels", levels)

    def _interval(self, topic: Topic) -> str:
        intervals = INTERVALS[self._config.market]
        if topic.interval not in intervals:
            raise self._unsupported(f"no candles of {topic.interval!r}", "intervals", intervals)
        return topic.interval

    def _unsupported(
        self, lack: str, kind: str, available: Sequence[object]
    ) -> UnsupportedChannelError:
        names = tuple(map(str, available))
        return UnsupportedChannelError(
            f"WEEX {self._config.market} has {lack}; its {kind}: {', '.join(names)}",
            venue=self.name,
            available=names,
        )

    def sent_time_ns(self, frame: bytes) -> int | None:
        """Read the time stamp of a data frame, a greeting or a ping; answers have none."""
        stamp = _SENT_TIME(frame[:_STAMPED_BYTES])
        return None if stamp is None else int(stamp[1]) * 1_000_000

    def book_window(self, feed: Feed) -> int | None:
        """Return how many levels a side the venue keeps on a book feed."""
        return int(feed.rpartition("@depth")[2])

    def decoder(self, channel: StrEnum) -> Decoder:
        """Return what reads a channel's frames into messages."""
        return _DECODERS[Channel(channel)]
