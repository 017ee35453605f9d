"""Smart Money as the streaming rooms see it: one address, one key, eight channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from weex_client.config import is_loopback
from weex_client.errors import ConfigError, UnsupportedChannelError, UsageError
from weex_client.protocol import (
    USER_AGENT,
    Decoder,
    DialRequest,
    Feed,
    FeedKind,
    Heartbeat,
    Limits,
    Scope,
    Topic,
    Venue,
)
from weex_client.rest import HttpResponse
from weex_client.venues.smartmoney import codec, endpoints
from weex_client.venues.smartmoney.channels import (
    FEEDS,
    VENUE,
    SmartMoneyChannel,
    channel_and_asset,
    is_asset,
    whales_of,
)
from weex_client.venues.smartmoney.config import SmartMoneyConfig

__all__ = ["SmartMoneyVenue"]


class SmartMoneyVenue(Venue):
    """Spell Smart Money; see ``protocol.Venue``.

    Everything needs the key, and all of it goes over one kind of connection, the public one.
    """

    name: Final = VENUE
    channels: Final = tuple(SmartMoneyChannel)

    route_key = staticmethod(codec.route_key)
    read = staticmethod(codec.read)
    encode = staticmethod(codec.encode)
    blamed = staticmethod(codec.blamed)

    def __init__(self, config: SmartMoneyConfig) -> None:
        self._config = config
        self._limits = endpoints.limits(
            connections=config.max_connections,
            channels=config.max_channels,
            requests_per_second=config.requests_per_second,
        )
        silence_seconds = config.stale_after_seconds or endpoints.HEARTBEAT.silence_seconds
        self._heartbeat = replace(
            endpoints.HEARTBEAT,
            silence_seconds=silence_seconds,
            # Who wants to know soon does not want to wait long for an answer.
            answer_seconds=min(silence_seconds, endpoints.HEARTBEAT.answer_seconds),
        )

    @property
    def limits(self) -> Limits:
        """Return what the venue may be asked, as the settings have it."""
        return self._limits

    @property
    def heartbeat(self) -> Heartbeat:
        """Return how a silent line is recognised, as the settings have it."""
        return self._heartbeat

    def scope(self, channel: StrEnum) -> Scope:  # noqa: ARG002  # one for all
        """Return the one kind of connection there is."""
        return Scope.PUBLIC

    def feed_kind(self, channel: StrEnum) -> FeedKind:  # noqa: ARG002  # one for all
        """Return that each frame is news, at no regular times, and none is ever repeated."""
        return FeedKind.NEWS

    def has_symbols(self, channel: StrEnum) -> bool:
        """Tell whether a channel is of one coin: only whales are."""
        return channel == SmartMoneyChannel.WHALES

    def needs_credentials(self, feed: Feed) -> bool:  # noqa: ARG002  # all do
        """Tell that every channel needs the key."""
        return True

    def check_credentials(self) -> None:
        """Make sure that there is a key, and that it does not cross a network in clear.

        Raises:
            ConfigError: If it is missing, or would cross the network in clear.
        """
        self._checked_key()

    def dial(
        self,
        scope: Scope,  # noqa: ARG002  # one for all
        now_ns: int,  # noqa: ARG002  # nothing is signed
        ticket: HttpResponse | None = None,  # noqa: ARG002  # none is asked for
    ) -> DialRequest:
        """Return where to connect, and the frame with the key that comes before all others.

        Raises:
            ConfigError: If the key is missing, or would cross the network in clear.
        """
        return DialRequest(
            self._config.public_url,
            {"User-Agent": USER_AGENT},
            opening=(codec.encode_auth(self._checked_key()),),
            ping_interval_seconds=endpoints.PING_INTERVAL_SECONDS / 0.9,
        )

    def _checked_key(self) -> str:
        key = self._config.api_key
        if key is None or not key.get_secret_value():
            raise ConfigError(
                "Smart Money needs a key for all its streams: set SMARTMONEY_API_KEY, or api_key"
                " of SmartMoneyConfig"
            )
        url = self._config.public_url
        if not url.startswith("wss://") and not is_loopback(url):
            raise ConfigError(f"public_url {url} would send the key in clear: use a wss:// address")
        return key.get_secret_value()

    @staticmethod
    def topic(spelled: str) -> Topic:
        """Return the topic of a channel that is spelled as on the wire: ``whales:BTC``.

        Raises:
            UnsupportedChannelError: If there is no such channel.
        """
        found = channel_and_asset(spelled.strip())
        if found is None:
            raise _unsupported(f"no channel {spelled!r}", ("whales:BTC", *FEEDS.values()))
        return Topic(*found)

    def feed(self, topic: Topic) -> Feed:
        """Return the venue's channel that serves a topic.

        Raises:
            UnsupportedChannelError: If the venue lacks the channel.
            UsageError: If the symbol is no coin, or one is named where the channel has none.
        """
        channel, symbol = topic.channel, topic.symbol
        if not isinstance(channel, SmartMoneyChannel):
            raise _unsupported(f"no {channel} channel", self.channels)
        if channel is SmartMoneyChannel.WHALES:
            if symbol is None or not is_asset(symbol):
                raise UsageError(
                    f"whales are those of a coin such as BTC or ETH, not of {symbol or 'none'}"
                )
            return whales_of(symbol)
        if symbol is not None:
            raise UsageError(f"{channel} has no symbols, it is one stream over all: leave {symbol}")
        return FEEDS[channel]

    def decoder(self, channel: StrEnum) -> Decoder:
        """Return what reads a channel's frames into messages."""
        return codec.decoder(SmartMoneyChannel(channel))


def _unsupported(lack: str, available: Sequence[str]) -> UnsupportedChannelError:
    names = tuple(map(str, available))
    return UnsupportedChannelError(
        f"Smart Money has {lack}; its channels: {', '.join(names)}",
        venue=SmartMoneyVenue.name,
        available=names,
    )
