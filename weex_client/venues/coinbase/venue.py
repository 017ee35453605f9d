"""Coinbase Exchange as the streaming rooms see it, bound to its settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from weex_client.book import BookOrder, OrderUpdate
from weex_client.config import is_loopback
from weex_client.errors import ConfigError, UnsupportedChannelError, UsageError
from weex_client.models import Message
from weex_client.protocol import (
    USER_AGENT,
    Channel,
    Decoder,
    DialRequest,
    Event,
    Feed,
    FeedKind,
    Heartbeat,
    Intent,
    LastTrade,
    Limits,
    Scope,
    Subscribe,
    Topic,
    Venue,
)
from weex_client.rest import AccountReads, HttpRequest, HttpResponse, Query
from weex_client.venues.coinbase import codec, endpoints, events, orders, rest
from weex_client.venues.coinbase.channels import (
    SIGNED,
    USER_FEEDS,
    VENUE,
    CoinbaseChannel,
    carrier,
    feed_of,
    parts_of,
)
from weex_client.venues.coinbase.config import CoinbaseConfig

__all__ = ["CoinbaseVenue"]

# What frames tell, by the channel of the reader. Books and orders are folded elsewhere.
_DECODERS: Final[dict[StrEnum, Decoder]] = {
    Channel.TICKER: codec.decode_ticker,
    Channel.TRADES: codec.decode_trades,
    Channel.ORDERS: orders.decode_order_steps,
    Channel.FILLS: orders.decode_fills,
    CoinbaseChannel.TICKER_BATCH: codec.decode_ticker_batch,
    CoinbaseChannel.HEARTBEAT: codec.decode_heartbeat,
    CoinbaseChannel.STATUS: codec.decode_status,
    CoinbaseChannel.FULL: orders.decode_full,
    CoinbaseChannel.BOOK3: orders.decode_full,
    CoinbaseChannel.USER: orders.decode_user,
}
_CHANNELS: Final = (
    *(Channel.TICKER, Channel.TRADES, Channel.BOOK, Channel.BOOK_DELTAS),
    *(Channel.ORDERS, Channel.FILLS),
    *CoinbaseChannel,
)
_KINDS: Final[dict[StrEnum, FeedKind]] = {
    Channel.BOOK: FeedKind.LOOSE_BOOK,
    Channel.BOOK_DELTAS: FeedKind.LOOSE_BOOK,
    CoinbaseChannel.FULL: FeedKind.BOOK3,
    CoinbaseChannel.BOOK3: FeedKind.BOOK3,
}
# Channels whose frames look like another's: each of these has connections of its own, so that a
# frame can mean one thing only.
_APART: Final[dict[StrEnum, StrEnum]] = {
    CoinbaseChannel.TICKER_BATCH: CoinbaseChannel.TICKER_BATCH,
    CoinbaseChannel.FULL: CoinbaseChannel.FULL,
    CoinbaseChannel.BOOK3: CoinbaseChannel.FULL,
}

# Its heart beats where no product of one's own is named: this one is listed as long as there is
# a Coinbase Exchange.
_ANY_PRODUCT: Final = "BTC-USD"

_QUOTES: Final = ("USDT", "USDC", "USD", "EUR", "GBP", "BTC", "ETH")


class CoinbaseVenue(Venue):
    """Spell Coinbase Exchange; see ``protocol.Venue``."""

    name: Final = VENUE
    limits: Final[Limits] = endpoints.LIMITS
    channels: Final = _CHANNELS

    route_key = staticmethod(codec.route_key)
    read_book = staticmethod(codec.read_book)
    trade_ids = staticmethod(codec.trade_ids)
    sent_time_ns = staticmethod(codec.sent_time_ns)
    blamed = staticmethod(events.blamed)
    carrier = staticmethod(carrier)

    def __init__(self, config: CoinbaseConfig) -> None:
        self._config = config
        silence_seconds = config.stale_after_seconds or endpoints.HEARTBEAT.silence_seconds
        self._heartbeat = replace(endpoints.HEARTBEAT, silence_seconds=silence_seconds)
        # Without credentials that may be sent there, what must be signed is not had.
        self._signs_public = config.credentials() is not None and _is_safe(config.public_url)
        self._book_channel = "level2" if self._signs_public else "level2_batch"

    @property
    def heartbeat(self) -> Heartbeat:
        """Return how a silent line is recognised, as the settings have it."""
        return self._heartbeat

    # What there is.

    def scope(self, channel: StrEnum) -> Scope:
        """Return which connection carries a channel."""
        return Scope.PRIVATE if channel in USER_FEEDS else Scope.PUBLIC

    def apart(self, channel: StrEnum) -> StrEnum | None:
        """Return which kind of channel has connections of its own with this one, or None."""
        return _APART.get(channel)

    def feed_kind(self, channel: StrEnum) -> FeedKind:
        """Return what must be kept of a channel's feeds."""
        return _KINDS.get(channel) or super().feed_kind(channel)

    def feed(self, topic: Topic) -> Feed:
        """Return what serves a topic.

        Raises:
            UnsupportedChannelError: If the venue lacks the channel or level.
            UsageError: If the symbol is spelled for another venue.
            ConfigError: If credentials would cross the network in clear.
        """
        channel = topic.channel
        if channel not in _CHANNELS:
            raise UnsupportedChannelError(
                f"Coinbase Exchange has no {channel} channel; its channels: {', '.join(_CHANNELS)}",
                venue=self.name,
                available=tuple(map(str, _CHANNELS)),
            )
        if channel in USER_FEEDS:
            return USER_FEEDS[channel]
        if channel is CoinbaseChannel.STATUS:
            return "status"
        product = _checked_product(topic.symbol or "")
        match channel:
            case Channel.BOOK | Channel.BOOK_DELTAS:
                return feed_of(self._book_channel, self._checked_level(topic, product))
            case CoinbaseChannel.FULL | CoinbaseChannel.BOOK3:
                if self._config.credentials() is not None:
                    self._checked_credentials(self._config.public_url, "signed channels need")
                is_view = channel is CoinbaseChannel.BOOK3
                return feed_of("full", self._checked_level(topic, product) if is_view else product)
            case Channel.TRADES:
                return feed_of("matches", product)
            case _:
                return feed_of(channel.value, product)

    def _checked_level(self, topic: Topic, product: str) -> str:
        if (topic.level or 0) < 1:
            raise UnsupportedChannelError(
                f"Coinbase Exchange has no order book of {topic.level} levels; its levels:"
                " 1 or more, it sends all of them",
                venue=self.name,
                available=("1 or more",),
            )
        return product

    def has_symbols(self, channel: StrEnum) -> bool:
        """Tell whether a channel is one stream a product."""
        return channel not in USER_FEEDS and channel is not CoinbaseChannel.STATUS

    def needs_credentials(self, feed: Feed) -> bool:
        """Tell whether a feed must be signed for."""
        return parts_of(feed)[0] in SIGNED

    def companions(self, feed: Feed) -> tuple[Feed, ...]:
        """Return the heartbeat of every feed, and the trades of a book.

        Quiet products are silent otherwise, and changes of a book have no sequence: a trade that
        is missing is what tells that changes are.
        """
        channel, product = parts_of(feed)
        if channel == "heartbeat":
            return ()
        if product is None:
            product = next(iter(self._config.products), _ANY_PRODUCT)
        beat = feed_of("heartbeat", product)
        if channel in ("level2", "level2_batch"):
            return (beat, feed_of("matches", product))
        return (beat,)

    # How a connection is opened.

    def check_credentials(self) -> None:
        """Make sure that signed channels can be asked for, and what is asked with them.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        self._checked_credentials(self._config.private_url, "signed channels need")
        if self._seeds:
            self._checked_rest_url()

    def _checked_credentials(self, url: str, who: str) -> tuple[str, str, str]:
        credentials = self._config.credentials()
        if credentials is None:
            raise ConfigError(
                f"{who} credentials: set COINBASE_API_KEY, COINBASE_SECRET_KEY and"
                " COINBASE_PASSPHRASE, or api_key, secret_key and passphrase of CoinbaseConfig"
            )
        if not _is_safe(url):
            raise ConfigError(f"{url} would send the credentials in clear: use a wss:// address")
        return credentials

    def dial(
        self,
        scope: Scope,
        now_ns: int,  # noqa: ARG002  # requests are signed, not dials
        ticket: HttpResponse | None = None,  # noqa: ARG002
    ) -> DialRequest:
        """Return where to connect.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        url = self._config.public_url
        if scope is Scope.PRIVATE:
            url = self._config.private_url
            self._checked_credentials(url, "private streams need")
        return DialRequest(url, {"User-Agent": USER_AGENT})

    # What is asked over HTTP.

    @property
    def _seeds(self) -> bool:
        """Tell whether the account's state is read.

        Nothing is read from the venue's own REST address for an account that is elsewhere: the
        credentials of a private address on this machine stay on it.
        """
        config = self._config
        is_astray = is_loopback(config.private_url) and not is_loopback(config.rest_url)
        return config.seed_private and not is_astray

    def account_reads(self, channel: StrEnum) -> AccountReads | None:
        """Return how the state behind a private channel is read by request, or None."""
        if not self._seeds:
            return None
        if channel is Channel.ORDERS:
            return rest.OrderReader()
        return rest.FillReader(self._config.products) if channel is Channel.FILLS else None

    def book_query(self, feed: Feed) -> Query | None:
        """Return how all resting orders are asked for; other books come in frames."""
        channel, product = parts_of(feed)
        if channel != "full" or product is None:
            return None
        return rest.book_query(quote(product, safe=""))

    def ask(self, query: Query, now_ns: int) -> HttpRequest:
        """Write a question, signed for this moment.

        Raises:
            ConfigError: If credentials are missing, or would cross the network in clear.
        """
        base = self._checked_rest_url()
        credentials = self._checked_credentials(base, "questions need")
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
        if not _is_safe(base):
            raise ConfigError(
                f"rest_url {base} would send the credentials in clear: use an https:// address"
            )
        return base

    def answered(self, query: Query, response: HttpResponse) -> bytes | None:
        """Return what an answer says, or None if what was asked about does not exist.

        Raises:
            WeexClientError: If the answer is a refusal; see ``protocol.Venue``.
        """
        return rest.answered(query, response, self._config.credentials() or ())

    # What comes in.

    def read(self, frame: bytes) -> Event:
        """Read completely what a frame means."""
        return events.read(frame, self._book_channel)

    def decoder(self, channel: StrEnum) -> Decoder:
        """Return what reads a channel's frames into messages."""
        return _DECODERS[channel]

    def read_book3(self, frame: bytes) -> OrderUpdate:
        """Read what a frame of ``full`` does to the book; raises ``DecodeError``."""
        return orders.read_orders(frame)

    def read_book3_answer(self, body: bytes) -> tuple[Sequence[BookOrder], int]:
        """Read all resting orders and their sequence; raises ``DecodeError``."""
        return rest.read_book3(body)

    def followed(self, message: Message[Any], known: Message[Any] | None) -> Message[Any] | None:
        """Return what an order is after a step; None if the step says nothing new."""
        step = message.data
        if not isinstance(step, orders.OrderStep):
            return message
        order = orders.advanced(None if known is None else known.data, step)
        return None if order is None else message.model_copy(update={"data": order})

    def last_trade(self, frame: bytes) -> LastTrade | None:
        """Read which trade of a product is the newest."""
        found = codec.last_trade(frame)
        return None if found is None else LastTrade(*found)

    # What is sent.

    def batches(self, feeds: Sequence[Feed]) -> Iterator[tuple[Feed, ...]]:
        """Keep what is signed apart: refused credentials must not take the rest with them."""
        signed = [feed for feed in feeds if self.needs_credentials(feed)]
        unsigned = [feed for feed in feeds if not self.needs_credentials(feed)]
        for some in (unsigned, signed):
            yield from super().batches(some)

    def encode(self, intent: Intent, request_id: int, now_ns: int) -> str:  # noqa: ARG002
        """Write a request; answers come in the order of requests, so that they have no number.

        Raises:
            ConfigError: If it must be signed and cannot be.
        """
        signature = None
        if isinstance(intent, Subscribe) and self._must_sign(intent.feeds):
            signature = self._signature(intent.feeds, now_ns)
        return codec.encode(intent, signature, {"user": self._config.products})

    def _must_sign(self, feeds: Sequence[Feed]) -> bool:
        host = urlsplit(self._config.public_url).hostname or ""
        # The direct addresses take signed requests only (sheet, 3).
        is_direct = self._signs_public and host.startswith("ws-direct.")
        return is_direct or any(map(self.needs_credentials, feeds))

    def _signature(self, feeds: Sequence[Feed], now_ns: int) -> dict[str, str]:
        is_private = any(parts_of(feed)[0] == "user" for feed in feeds)
        url = self._config.private_url if is_private else self._config.public_url
        key, secret, passphrase = self._checked_credentials(url, "signed channels need")
        timestamp = endpoints.timestamp_of(now_ns)
        return {
            "signature": endpoints.sign(secret, timestamp + endpoints.VERIFY_TARGET),
            "key": key,
            "passphrase": passphrase,
            "timestamp": timestamp,
        }


def _is_safe(url: str) -> bool:
    """Tell whether credentials may go there."""
    return url.startswith(("wss://", "https://")) or is_loopback(url)


def _checked_product(symbol: str) -> str:
    base, dash, quote_currency = symbol.partition("-")
    if base and dash and quote_currency:
        return symbol
    bare = symbol.replace("/", "").replace("_", "")
    for known in _QUOTES:
        if bare.endswith(known) and len(bare) > len(known):
            hint = f"{bare.removesuffix(known)}-{known}"
            break
    else:
        hint = "BTC-USD"
    raise UsageError(
        f"{symbol!r} is not a product of Coinbase Exchange, which joins base and quote by a"
        f" dash: try {hint!r}"
    )
