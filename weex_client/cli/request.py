"""What a user asked ``watch`` for, made into settings and streams. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from weex_client.client import StreamClient
from weex_client.config import StreamConfig
from weex_client.errors import ConfigError, UsageError
from weex_client.models import Message
from weex_client.protocol import Channel, Scope, Topic, Venue
from weex_client.sandbox import SandboxExchange
from weex_client.streaming.subscription import Subscription
from weex_client.websocket import VENUES

__all__ = ["CHANNELS", "PRIVATE_CHANNELS", "WatchRequest"]

PRIVATE_CHANNELS: Final = (Channel.ACCOUNT, Channel.POSITIONS, Channel.ORDERS, Channel.FILLS)
CHANNELS: Final = tuple(channel for channel in Channel if channel is not Channel.BOOK_DELTAS)

_PRIVATE_STREAMS: Final[Mapping[Channel, Callable[[StreamClient], Subscription[Any]]]] = {
    Channel.ACCOUNT: StreamClient.stream_account,
    Channel.POSITIONS: StreamClient.stream_positions,
    Channel.ORDERS: StreamClient.stream_orders,
    Channel.FILLS: StreamClient.stream_fills,
}


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """Hold the arguments and options of ``watch``."""

    symbols: tuple[str, ...]
    venue: str = "weex"
    market: str | None = None
    channel: Channel = Channel.TICKER
    interval: str = "1m"
    level: int = 5
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
        if not self.symbols and not self.is_private:
            raise UsageError("name at least one symbol, for example: weex-client watch BTCUSDT")
        if self.sandbox and self.url:
            raise UsageError("--sandbox and --url exclude each other: choose one")

    @property
    def is_private(self) -> bool:
        """Tell whether the channel is the account's."""
        return self.channel in PRIVATE_CHANNELS

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
            settings: StreamConfig = getattr(exchange, f"{self.venue}_config")(**market)
            return settings
        try:
            return make(**market, **self._addresses())
        except ConfigError as exc:
            setting, _, complaint = str(exc).partition("): ")
            is_url = self.url is not None and setting.startswith(("public_url", "private_url"))
            raise ConfigError(f"--url {complaint}" if is_url else str(exc)) from None

    def _addresses(self) -> dict[str, str]:
        if self.url is None:
            return {}
        if not self.is_private:
            return {"public_url": self.url}
        addresses = {"private_url": self.url}
        # The client opens the public connection first; beside a private address it is expected
        # at the same place, as every venue's addresses and the embedded exchange's are.
        if self.url.endswith("/private"):
            addresses["public_url"] = self.url.removesuffix("private") + "public"
        return addresses

    def check_venue(self, venue: Venue) -> None:
        """Make sure before dialling that the venue has what is asked for.

        Raises:
            UnsupportedChannelError: If it lacks the channel, level or interval.
            ConfigError: If a private channel lacks credentials.
        """
        for topic in self.topics():
            venue.feed(topic)
        if venue.scope(self.channel) is Scope.PRIVATE:
            venue.check_credentials()

    def topics(self) -> tuple[Topic, ...]:
        """Return what is asked for, each symbol once; a private channel has no symbols."""
        if self.is_private:
            return (Topic(self.channel),)
        names = dict.fromkeys(symbol.strip().upper() for symbol in self.symbols)
        level = self.level if self.channel is Channel.BOOK else None
        interval = self.interval if self.channel is Channel.CANDLES else None
        return tuple(Topic(self.channel, name, level, interval) for name in names)

    def stream(self, client: StreamClient, symbol: str | None) -> Subscription[Message[Any]]:
        """Open the stream of one symbol, or the private one.

        Each symbol has a stream of its own: a symbol that the venue refuses ends only its own.
        """
        if symbol is None:
            return _PRIVATE_STREAMS[self.channel](client)
        match self.channel:
            case Channel.TRADES:
                return client.stream_trades(symbol)
            case Channel.BOOK:
                return client.stream_order_book(symbol, self.level)
            case Channel.CANDLES:
                return client.stream_candles(symbol, self.interval)
            case Channel.BOOK_TICKER:
                return client.stream_book_tickers(symbol)
            case _:
                return client.stream_tickers(symbol)

    def wants(self, message: Message[Any]) -> bool:
        """Tell whether a message is about a symbol (or currency) that was asked for."""
        if not self.is_private or not self.symbols:
            return True
        return self.is_asked_for(message.symbol or message.data.get("currency", ""), self.symbols)

    @staticmethod
    def is_asked_for(name: str, symbols: Sequence[str]) -> bool:
        """Tell whether a name is among symbols, however they are written."""
        return name.upper() in {symbol.strip().upper() for symbol in symbols}
