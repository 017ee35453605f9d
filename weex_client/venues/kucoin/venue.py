"""KuCoin's classic spot feed as the streaming rooms see it, bound to its settings."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

from weex_client.config import is_loopback
from weex_client.errors import ConfigError, SymbolError, UnsupportedChannelError
from weex_client.models import Message
from weex_client.protocol import (
    USER_AGENT,
    BookUpdate,
    Channel,
    Decoder,
    DialRequest,
    Event,
    Feed,
    FeedKind,
    Heartbeat,
    Intent,
    Limits,
    Scope,
    Topic,
    Venue,
)
from weex_client.rest import AccountReads, HttpRequest, HttpResponse, Query
from weex_client.venues.kucoin import (
    answers,
    books,
    channels,
    codec,
    endpoints,
    market,
    past,
    private,
)
from weex_client.venues.kucoin.channels import DEPTHS, LEVEL2, SYMBOL_TOPICS, VENUE, KucoinChannel
from weex_client.venues.kucoin.config import KucoinConfig
from weex_client.venues.kucoin.rest import account_reads, book_query
from weex_client.venues.kucoin.symbols import INTERVALS, is_symbol, suggestion

__all__ = ["KucoinVenue"]

_CHANNELS: Final[tuple[StrEnum, ...]] = (
    *(channel for channel in Channel if channel is not Channel.POSITIONS),
    *KucoinChannel,
)
_BOOKS: Final = frozenset({Channel.BOOK, Channel.BOOK_DELTAS})
_PRIVATE_FEEDS: Final[dict[StrEnum, Feed]] = {
    Channel.ACCOUNT: channels.BALANCES,
    Channel.ORDERS: channels.ORDERS,
    Channel.FILLS: channels.FILLS,
    KucoinChannel.STOP_ORDERS: channels.STOP_ORDERS,
}
_DECODERS: Final[dict[StrEnum, Decoder]] = {
    Channel.TICKER: market.decode_ticker,
    Channel.TRADES: market.decode_trades,
    Channel.CANDLES: market.decode_candles,
    Channel.BOOK_TICKER: market.decode_book_ticker,
    Channel.ACCOUNT: private.decode_balances,
    Channel.FILLS: private.decode_fills,
    KucoinChannel.SNAPSHOT: market.decode_snapshot,
    KucoinChannel.ALL_TICKERS: market.decode_ticker,
    KucoinChannel.STOP_ORDERS: private.decode_stop_orders,
}
# A depth's picture has no more levels than its name says.
_WINDOWS: Final = {path: level for level, path in DEPTHS.items()}


class KucoinVenue(Venue):
    """Spell KuCoin's classic spot feed; see ``protocol.Venue``."""

    name: Final = VENUE
    limits: Final[Limits] = endpoints.LIMITS
    channels: Final = _CHANNELS
    waits_for_greeting: Final = True

    def __init__(self, config: KucoinConfig) -> None:
        self._config = config
        self._has_credentials = config.credentials() is not None
        # What fills have cost, from frames and from answers.
        self._filled_values = private.FilledValues()
        silence_seconds = config.stale_after_seconds or endpoints.HEARTBEAT.silence_seconds
        prompt = endpoints.HEARTBEAT.prompt
        self._heartbeat = replace(
            endpoints.HEARTBEAT,
            silence_seconds=silence_seconds,
            # Who wants to know soon does not want to wait long for an answer.
            answer_seconds=min(silence_seconds, endpoints.HEARTBEAT.answer_seconds),
            # Changes come when something changes; complete books all the time.
            prompt=prompt - _BOOKS if self._has_credentials else prompt,
        )

    # What there is.

    @property
    def heartbeat(self) -> Heartbeat:
        """Return how a silent line is recognised."""
        return self._heartbeat

    def scope(self, channel: StrEnum) -> Scope:
        """Return which connection carries a channel."""
        return Scope.PRIVATE if channel in _PRIVATE_FEEDS else Scope.PUBLIC

    def feed_kind(self, channel: StrEnum) -> FeedKind:
        """Return what must be kept of a channel's feeds between two frames."""
        if channel is KucoinChannel.STOP_ORDERS:
            return FeedKind.STATE
        return super().feed_kind(channel)

    def has_symbols(self, channel: StrEnum) -> bool:
        """Tell whether a channel is one stream a symbol, and not one over all of them."""
        return channel is not KucoinChannel.ALL_TICKERS and channel not in _PRIVATE_FEEDS

    def feed(self, topic: Topic) -> Feed:
        """Return the venue's topic that serves a topic.

        Raises:
            UnsupportedChannelError: If there is no such channel, level or interval.
            SymbolError: If the symbol is not spelled as the venue does.
        """
        channel = topic.channel
        if channel not in _CHANNELS:
            raise self._unsupported(f"no {channel} channel", "channels", _CHANNELS)
        if channel in _PRIVATE_FEEDS:
            return _PRIVATE_FEEDS[channel]
        if channel is KucoinChannel.ALL_TICKERS:
            return channels.ALL_TICKERS
        symbol = self._checked_symbol(topic)
        if channel in _BOOKS:
            return f"{self._book_path(topic)}:{symbol}"
        if channel is Channel.CANDLES:
            return f"{SYMBOL_TOPICS[channel]}:{symbol}_{self._interval(topic)}"
        return f"{SYMBOL_TOPICS[channel]}:{symbol}"

    def carrier(self, feed: Feed) -> Feed:
        """Return the topic whose frames a feed is read from: those of orders tell fills too."""
        return channels.carrier(feed)

    def _checked_symbol(self, topic: Topic) -> str:
        symbol = topic.symbol or ""
        if is_symbol(symbol):
            return symbol
        meant = suggestion(symbol)
        if meant is None and topic.channel is KucoinChannel.SNAPSHOT and symbol.isalnum():
            return symbol  # a market: ``BTC``, ``USDS``
        hint = "symbols are spelled like BTC-USDT" if meant is None else f"did you mean {meant}?"
        raise SymbolError(
            f"KuCoin has no symbol {symbol!r}: {hint}",
            venue=self.name,
            symbol=symbol,
            suggestion=meant,
        )

    def _book_path(self, topic: Topic) -> str:
        """Return the changes, whose first book needs a signature, or else the complete books."""
        level = topic.level or 0
        if topic.channel is Channel.BOOK_DELTAS and level in DEPTHS:
            return DEPTHS[level]  # as they are: each replaces the one before
        if level >= 1 and self._has_credentials:
            return LEVEL2
        if topic.channel is Channel.BOOK:
            for depth, path in DEPTHS.items():
                if 1 <= level <= depth:
                    return path
        what = "order book" if topic.channel is Channel.BOOK else "book changes"
        without = "" if self._has_credentials else self._without_credentials()
        most = max(DEPTHS)
        levels = DEPTHS if topic.channel is Channel.BOOK_DELTAS else (f"1 to {most}",)
        raise self._unsupported(f"no {what} of {level} levels{without}", "levels", tuple(levels))

    def _without_credentials(self) -> str:
        return (
            " without credentials, because the snapshot it starts from is signed: set"
            " KUCOIN_API_KEY, KUCOIN_SECRET_KEY and KUCOIN_PASSPHRASE"
        )

    def _interval(self, topic: Topic) -> str:
        interval = INTERVALS.get(topic.interval or "")
        if interval is None:
            names = tuple(dict.fromkeys(INTERVALS.values()))
            raise self._unsupported(f"no candles of {topic.interval!r}", "intervals", names)
        return interval

    def _unsupported(
        self, lack: str, kind: str, available: Sequence[object]
    ) -> UnsupportedChannelError:
        names = tuple(map(str, available))
        return UnsupportedChannelError(
            f"KuCoin has {lack}; its {kind}: {', '.join(names)}", venue=self.name, available=names
        )

    # How a connection is opened.

    def check_credentials(self) -> None:
        """Make sure that a private token can be asked for.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        self._checked_credentials()
        self._rest_url(is_signed=True)

    def _checked_credentials(self) -> tuple[str, str, str]:
        credentials = self._config.credentials()
        if credentials is None:
            raise ConfigError(
                "private streams need credentials: set KUCOIN_API_KEY, KUCOIN_SECRET_KEY and"
                " KUCOIN_PASSPHRASE, or api_key, secret_key and passphrase of KucoinConfig"
            )
        return credentials

    def _rest_url(self, *, is_signed: bool) -> str:
        base = self._config.rest_url.rstrip("/")
        if is_signed and not base.startswith("https://") and not is_loopback(base):
            raise ConfigError(
                f"rest_url {base} would send the credentials in clear: use an https:// address"
            )
        return base

    def ticket_request(self, scope: Scope, now_ns: int) -> HttpRequest:
        """Ask for a token; a new one for every connection, never the old one again.

        Raises:
            ConfigError: If a private one lacks credentials, or would send them in clear.
        """
        path = endpoints.BULLETS[scope]
        return self._request("POST", path, now_ns, is_signed=scope is Scope.PRIVATE)

    def dial(self, scope: Scope, now_ns: int, ticket: HttpResponse | None = None) -> DialRequest:
        """Return where the token endpoint lets us connect.

        Raises:
            WeexClientError: If there is no token; see ``protocol.Venue``.
        """
        if ticket is None:
            raise ConfigError("a connection to KuCoin needs a token: nobody asked for one")
        config = self._config
        url = config.public_url if scope is Scope.PUBLIC else config.private_url
        found = answers.read_ticket(
            ticket, scope, config.rest_url, f"{now_ns:x}", config.own_address(url)
        )
        return DialRequest(
            found.url,
            {"User-Agent": USER_AGENT},
            ping_interval_seconds=found.ping_interval_seconds,
            answer_seconds=found.answer_seconds,
            lifetime_seconds=endpoints.LIFETIME_SECONDS,
        )

    def _request(self, method: str, target: str, now_ns: int, *, is_signed: bool) -> HttpRequest:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        base = self._rest_url(is_signed=is_signed)
        if is_signed:
            headers |= endpoints.rest_headers(
                self._checked_credentials(), self._config.key_version, now_ns, method, target
            )
        return HttpRequest(method, base + target, headers)

    # What is asked over HTTP.

    def account_reads(self, channel: StrEnum) -> AccountReads | None:
        """Return how the state behind a private channel is read by request, or None."""
        if not self._config.seed_private:
            return None
        return account_reads(channel, self._filled_values)

    def book_query(self, feed: Feed) -> Query | None:
        """Return how the book that changes begin from is asked for; complete ones need none."""
        if channels.path(feed) != LEVEL2:
            return None
        return book_query(channels.argument(feed))

    def read_book_answer(self, feed: Feed, body: bytes) -> BookUpdate:  # noqa: ARG002
        """Read the answer to ``book_query``.

        Raises:
            DecodeError: If it does not fit.
        """
        return books.read_book_answer(body)

    def history_query(self, feed: Feed, covered_ns: int) -> Query | None:
        """Return how past trades and candles are asked for: frames bring none."""
        return past.history_query(feed, covered_ns)

    def read_history(
        self, feed: Feed, body: bytes, received_time_ns: int
    ) -> Sequence[Message[Any]]:
        """Read past trades or candles, oldest first."""
        return past.read_history(feed, body, received_time_ns)

    def listing_query(self) -> Query:
        """Return how all symbols are asked for: those that do not exist are accepted, too."""
        return past.LISTING

    def listed_name(self, feed: Feed) -> str | None:
        """Return which symbol a public topic is about."""
        return past.listed_name(feed)

    def read_listing(self, body: bytes) -> frozenset[str]:
        """Read all symbols."""
        return past.read_listing(body)

    def ask(self, query: Query, now_ns: int) -> HttpRequest:
        """Write a question, signed for this moment unless everybody may ask it.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        parameters = f"?{urlencode(query.parameters)}" if query.parameters else ""
        is_signed = query.path not in past.PUBLIC_PATHS
        return self._request("GET", query.path + parameters, now_ns, is_signed=is_signed)

    def answered(self, query: Query, response: HttpResponse) -> bytes | None:
        """Return what an answer says, or None if what was asked about does not exist.

        Raises:
            WeexClientError: If the answer is a refusal; see ``protocol.Venue``.
        """
        return answers.answered(query, response, self._config.credentials() or ())

    # What frames say, and what is sent.

    def route_key(self, frame: bytes) -> Hashable | None:
        """Read the topic from the first or the last bytes, where usual."""
        return codec.route_key(frame)

    def read(self, frame: bytes) -> Event:
        """Read completely what a frame means."""
        return codec.read(frame)

    def decoder(self, channel: StrEnum) -> Decoder:
        """Return what reads a channel's frames into messages."""
        if channel is Channel.ORDERS:
            return private.OrderReader(self._filled_values).decode
        return _DECODERS[channel]

    def book_window(self, feed: Feed) -> int | None:
        """Return how many levels a side a complete book has at most; None for changes."""
        return _WINDOWS.get(channels.path(feed))

    def read_book(self, frame: bytes) -> BookUpdate:
        """Read a complete book or a change of one."""
        return books.read_book(frame)

    def read_book_after(self, frame: bytes, sequence: int) -> BookUpdate:
        """Read of a change only what is newer than a snapshot."""
        return books.read_book_after(frame, sequence)

    def trade_ids(self, frame: bytes) -> Sequence[str]:
        """Read the id of a frame's trade."""
        return market.trade_ids(frame)

    def sent_time_ns(self, frame: bytes) -> int | None:
        """Read the stamp of a data frame or a pong."""
        return codec.sent_time_ns(frame)

    def order_key(self, frame: bytes) -> int | None:
        """Read the engine's sequence, or else the time, of a frame about one symbol."""
        return codec.order_key(frame)

    def order_subject(self, frame: bytes) -> bytes | None:
        """Read the symbol that a frame of all tickers, or of a market, is about."""
        return codec.order_subject(frame)

    def batches(self, feeds: Sequence[Feed]) -> Iterator[tuple[Feed, ...]]:
        """Group topics into requests of one path, up to a hundred where that takes a list."""
        return channels.batches(feeds)

    def encode(self, intent: Intent, request_id: int, now_ns: int) -> str:  # noqa: ARG002
        """Write a request; nothing on the socket is signed."""
        return codec.encode(intent, request_id)

    def blamed(self, reason: str, feeds: Sequence[Feed]) -> Sequence[Feed]:
        """Return which of a refused request's feeds the venue's words name."""
        return codec.blamed(reason, feeds)
