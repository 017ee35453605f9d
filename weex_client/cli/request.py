"""What a user asked ``watch`` for, made into settings and streams. Nothing is opened here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from weex_client.client import StreamClient
from weex_client.config import StreamConfig
from weex_client.errors import ConfigError, UnsupportedChannelError, UsageError
from weex_client.models import Message
from weex_client.protocol import Channel, FeedKind, Scope, Topic, Venue
from weex_client.sandbox import SandboxExchange
from weex_client.streaming.subscription import Subscription
from weex_client.streaming.topics import named_topics
from weex_client.websocket import VENUES

__all__ = ["WatchPlan", "WatchRequest", "channels_of"]

_FIRST_VENUE: Final = next(iter(VENUES))
_ADDRESSES: Final = ("public_url", "private_url", "rest_url")
_PRIVATE_CHANNELS: Final = (Channel.ACCOUNT, Channel.POSITIONS, Channel.ORDERS, Channel.FILLS)


def channels_of(venue: Venue) -> tuple[str, ...]:
    """Return what of a venue can be watched, by name."""
    return tuple(each.value for each in venue.channels if each is not Channel.BOOK_DELTAS)


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """Hold the arguments and options of ``watch``."""

    symbols: tuple[str, ...]
    venue: str = "weex"
    market: str | None = None
    channel: str | None = None
    interval: str | None = None
    level: int | None = None
    sandbox: bool = False
    url: str | None = None
    json: bool = False
    count: int | None = None
    seconds: float | None = None

    def check(self) -> None:
        """Make sure that the options fit each other.

        Raises:
            UsageError: If they do not.
        """
        if self.sandbox and self.url:
            raise UsageError("--sandbox and --url exclude each other: choose one")

    def config(self, exchange: SandboxExchange | None) -> StreamConfig:
        """Return the venue's settings.

        Args:
            exchange: The embedded exchange, if that is what is watched.

        Raises:
            ConfigError: If an option or a variable of the environment is wrong.
        """
        make = VENUES[self.venue].config_class
        market = {} if self.market is None else {"market": self.market}
        if market and "market" not in make.model_fields:
            raise ConfigError(f"{self.venue} has no markets to choose from: leave out --market")
        if exchange is not None:
            return exchange.config(self.venue, **market)
        try:
            return make(**market, **self._addresses(**market))
        except ConfigError as exc:
            setting, _, complaint = str(exc).partition("): ")
            is_url = self.url is not None and setting.startswith(_ADDRESSES)
            raise ConfigError(f"--url {complaint}" if is_url else str(exc)) from None

    @property
    def is_private(self) -> bool:
        """Tell whether what is asked for needs the private address."""
        return self.channel in _PRIVATE_CHANNELS

    def _addresses(self, **market: Any) -> dict[str, str]:
        url = self.url
        if url is None:
            return {}
        client_class = VENUES[self.venue]
        venue = client_class.venue_class(client_class.config_class(**market))
        if venue.ticket_request(Scope.PUBLIC, 0) is not None:
            # Where its sockets are, the venue says itself when it is asked over HTTP.
            return {"rest_url": url}
        if not self.is_private:
            return {"public_url": url}
        addresses = {"private_url": url}
        # The client opens the public connection first; beside a private address it is expected
        # at the same place, as every venue's addresses and the embedded exchange's are.
        if url.endswith("/private"):
            addresses["public_url"] = url.removesuffix("private") + "public"
        return addresses

    def plan(self, venue: Venue) -> WatchPlan:
        """Return what to stream, made sure before dialling that the venue has it.

        Raises:
            UnsupportedChannelError: If it lacks the channel, level or interval.
            UsageError: If a symbol is missing, or none that the venue could have.
            ConfigError: If credentials are needed and there are none.
        """
        channels = channels_of(venue)
        name = self.channel or (Channel.TICKER if Channel.TICKER in channels else channels[0])
        if name not in channels:
            raise UnsupportedChannelError(
                f"{venue.name} has no {name} channel; its channels: {', '.join(channels)}",
                venue=venue.name,
                available=channels,
            )
        channel = next(each for each in venue.channels if each.value == name)
        has_symbols = venue.has_symbols(channel)
        if has_symbols and not self.symbols:
            raise UsageError(f"name at least one symbol: weex-client watch {self._example()}")
        symbols = self.symbols if has_symbols else ()
        level = self.level if name in (Channel.BOOK, FeedKind.BOOK3) else None
        interval = self.interval if channel is Channel.CANDLES else None
        topics = named_topics(venue, name, symbols, level=level, interval=interval)
        feeds = [venue.feed(topic) for topic in topics]
        if venue.scope(channel) is Scope.PRIVATE or any(map(venue.needs_credentials, feeds)):
            venue.check_credentials()
        return WatchPlan(topics, () if has_symbols else self._names())

    def _example(self) -> str:
        return "BTCUSDT" if self.venue == _FIRST_VENUE else f"--venue {self.venue} BTC-USDT"

    def _names(self) -> tuple[str, ...]:
        return tuple(symbol.strip().upper() for symbol in self.symbols)


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """Hold what is streamed.

    Attributes:
        topics: What, each symbol once.
        chosen: Symbols or currencies that are shown of a channel that is about all; empty for
            every one.
    """

    topics: tuple[Topic, ...]
    chosen: tuple[str, ...]

    @property
    def channel(self) -> StrEnum:
        """Return the one channel of all topics."""
        return self.topics[0].channel

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that are streamed."""
        return tuple(topic.symbol for topic in self.topics if topic.symbol)

    def stream(self, client: StreamClient, topic: Topic) -> Subscription[Message[Any]]:
        """Open the stream of one topic.

        Each symbol has a stream of its own: a symbol that the venue refuses ends only its own.
        """
        return client.stream(
            topic.channel.value, topic.symbol or (), level=topic.level, interval=topic.interval
        )

    def wants(self, message: Message[Any]) -> bool:
        """Tell whether a message is about a symbol (or currency) that was asked for."""
        if not self.chosen:
            return True
        name = message.symbol or message.data.get("currency", "")
        return name.upper() in self.chosen
