"""The venues' clients, one a venue, and the list of them: thin faces over ``client.StreamClient``.

A further venue is a package in ``venues``, a class here and a line in ``VENUES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from weex_client.client import StreamClient
from weex_client.clock import Clock
from weex_client.config import StreamConfig
from weex_client.errors import ConfigError
from weex_client.models import Message, OrderBook3View, Ticker
from weex_client.protocol import Channel, Topic, Venue
from weex_client.streaming.budget import Budgets
from weex_client.streaming.mailbox import OverflowPolicy
from weex_client.streaming.subscription import Subscription
from weex_client.streaming.tape import TapeMachine
from weex_client.streaming.topics import topics_of
from weex_client.streaming.transport import Connector
from weex_client.venues.coinbase import (
    CoinbaseChannel,
    CoinbaseConfig,
    CoinbaseVenue,
    Heartbeat,
    OrderEvent,
    VenueStatus,
)
from weex_client.venues.kucoin import (
    KucoinChannel,
    KucoinConfig,
    KucoinOrder,
    KucoinSnapshot,
    KucoinTicker,
    KucoinVenue,
)
from weex_client.venues.smartmoney import (
    FundingRate,
    Liquidation,
    Signal,
    SmartMoneyChannel,
    SmartMoneyConfig,
    SmartMoneyEvent,
    SmartMoneyVenue,
    WhaleUpdate,
)
from weex_client.venues.smartmoney.wire import SmartMoneyPayload
from weex_client.venues.weex import WeexConfig, WeexVenue

__all__ = [
    "VENUES",
    "CoinbaseWebSocketClient",
    "KucoinWebSocketClient",
    "SmartMoneyWebSocketClient",
    "VenueClient",
    "WeexWebSocketClient",
]

C = TypeVar("C", bound=StreamConfig)


class VenueClient(StreamClient, Generic[C]):
    """Stream the venue that the class is about.

    Attributes:
        config_class: Its settings, which know their variables of the environment.
        venue_class: Makes the venue from them.

    Args:
        config: Settings; read from the environment where None.
        connector: Another way to reach the venue than the network.
        retry_first_connect: Keep trying when the first dial fails, instead of raising.
        clock: Another clock than the system's.
        connection_per_channel: Give each kind of channel connections of its own, as the setting
            of the same name does.
        budgets: What the venue's limits leave, shared with the clients that get the same; where
            None, shared with all clients of the process that go by the system's clock.
        recorder: Keeps all that passes on the lines.
        seed_private: Whether the account's state is read after every (re)connection of a private
            stream; as the setting of the same name says where None.
    """

    config_class: ClassVar[type[StreamConfig]]
    venue_class: ClassVar[Callable[..., Venue]]

    def __init__(
        self,
        config: C | None = None,
        *,
        connector: Connector | None = None,
        retry_first_connect: bool = False,
        clock: Clock | None = None,
        connection_per_channel: bool = False,
        budgets: Budgets | None = None,
        recorder: TapeMachine | None = None,
        seed_private: bool | None = None,
    ) -> None:
        kind = type(self)
        settings = kind.config_class.from_env() if config is None else config
        if not isinstance(settings, kind.config_class):
            raise ConfigError(
                f"{kind.__name__} takes a {kind.config_class.__name__},"
                f" not a {type(settings).__name__}"
            )
        if seed_private is not None:
            settings = settings.model_copy(update={"seed_private": seed_private})
        super().__init__(
            kind.venue_class(settings),
            settings,
            connector=connector,
            retry_first_connect=retry_first_connect,
            clock=clock,
            connection_per_channel=connection_per_channel,
            budgets=budgets,
            recorder=recorder,
        )


class WeexWebSocketClient(VenueClient[WeexConfig]):
    """Stream WEEX V3, spot or contract as the configuration (``WeexConfig``) says."""

    config_class = WeexConfig
    venue_class = WeexVenue


class SmartMoneyWebSocketClient(VenueClient[SmartMoneyConfig]):
    """Stream Smart Money: whales, funding, liquidations, signals, what chains do.

    What happened while a connection was down is not repeated by the venue: a ``gap`` event of
    each channel says how long the hole is.
    """

    config_class = SmartMoneyConfig
    venue_class = SmartMoneyVenue

    def stream_channel(
        self,
        channel: str,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[SmartMoneyPayload]]:
        """Stream a channel that is spelled as on the wire: ``whales:BTC``, ``onchain:flows``.

        Arguments and errors as for ``stream_whales``.
        """
        return self._subscribe((SmartMoneyVenue.topic(channel),), queue_size, overflow)

    def stream_whales(
        self,
        assets: str | Sequence[str],
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[WhaleUpdate]]:
        """Stream position changes of large wallets.

        Args:
            assets: One coin or several: ``BTC``; one subscription over all of them.
            queue_size: Messages that may wait; the configured number where None.
            overflow: What happens to a message that finds the queue full.

        Raises:
            UnsupportedChannelError: If the venue has no such channel.
            UsageError: If no coin is named, or one that is none.
            ClientClosedError: If the client is not open.
        """
        topics = topics_of(SmartMoneyChannel.WHALES, assets)
        return self._subscribe(topics, queue_size, overflow)

    def stream_funding(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[FundingRate]]:
        """Stream funding rates of perpetuals, exchange by exchange.

        Arguments as for ``stream_whales``.
        """
        return self._subscribe((Topic(SmartMoneyChannel.FUNDING),), queue_size, overflow)

    def stream_liquidations(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[Liquidation]]:
        """Stream positions that were closed by force. Arguments as for ``stream_whales``."""
        return self._subscribe((Topic(SmartMoneyChannel.LIQUIDATIONS),), queue_size, overflow)

    def stream_open_interest(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[SmartMoneyEvent]]:
        """Stream open interest. Arguments as for ``stream_whales``."""
        return self._subscribe((Topic(SmartMoneyChannel.OPEN_INTEREST),), queue_size, overflow)

    def stream_flows(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[SmartMoneyEvent]]:
        """Stream deposits to exchanges and withdrawals from them.

        Arguments as for ``stream_whales``.
        """
        return self._subscribe((Topic(SmartMoneyChannel.FLOWS),), queue_size, overflow)

    def stream_signals(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[Signal]]:
        """Stream signals with their confirmation. Arguments as for ``stream_whales``."""
        return self._subscribe((Topic(SmartMoneyChannel.SIGNALS),), queue_size, overflow)

    def stream_alerts(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[SmartMoneyEvent]]:
        """Stream the alerts of the market. Arguments as for ``stream_whales``."""
        return self._subscribe((Topic(SmartMoneyChannel.ALERTS),), queue_size, overflow)

    def stream_status(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[SmartMoneyEvent]]:
        """Stream what the venue says of itself. Arguments as for ``stream_whales``."""
        return self._subscribe((Topic(SmartMoneyChannel.STATUS),), queue_size, overflow)


class KucoinWebSocketClient(VenueClient[KucoinConfig]):
    """Stream KuCoin's classic spot feed (``KucoinConfig``).

    Tickers are the last trade and the touch, ten times a second; the figures of 24 hours come in
    snapshots, every two seconds. Books of any depth need credentials, because the snapshot they
    start from is signed; without, there are complete books of up to 50 levels.
    """

    config_class = KucoinConfig
    venue_class = KucoinVenue

    def stream_snapshots(
        self,
        symbols: str | Sequence[str],
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[KucoinSnapshot]]:
        """Stream the figures of 24 hours: open, high, low, volume and change, every two seconds.

        Args:
            symbols: One symbol or several, or markets (``USDS``, ``BTC``): all symbols of them.
            queue_size: Messages that may wait; the configured number where None.
            overflow: What happens to a message that finds the queue full.

        Raises:
            SymbolError: If a symbol is spelled for another venue.
            ClientClosedError: If the client is not open.
        """
        topics = topics_of(KucoinChannel.SNAPSHOT, symbols)
        return self._subscribe(topics, queue_size, overflow)

    def stream_all_tickers(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[KucoinTicker]]:
        """Stream the tickers of every symbol there is, in one subscription of the venue's 300.

        Arguments and errors as for ``stream_snapshots``; hundreds of messages a second.
        """
        topics = (Topic(KucoinChannel.ALL_TICKERS),)
        return self._subscribe(topics, queue_size, overflow)

    def stream_stop_orders(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[KucoinOrder]]:
        """Stream what happens to stop orders from now on; those that wait already are not told.

        Errors as for ``stream_account``.
        """
        return self._subscribe((Topic(KucoinChannel.STOP_ORDERS),), queue_size, overflow)


class CoinbaseWebSocketClient(VenueClient[CoinbaseConfig]):
    """Stream Coinbase Exchange.

    Every product's heartbeat is subscribed along with it: it shows that the line is alive, and
    whether a trade is missing.
    """

    config_class = CoinbaseConfig
    venue_class = CoinbaseVenue

    def stream_tickers(
        self,
        symbols: str | Sequence[str],
        *,
        batch: bool = False,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[Ticker]]:
        """Stream statistics of the last 24 hours, with every trade or every five seconds.

        Args:
            symbols: One product or several: ``BTC-USD``; one subscription over all of them.
            batch: Take the figures of every fifth second only (``ticker_batch``).
            queue_size: Messages that may wait; the configured number where None.
            overflow: What happens to a message that finds the queue full.

        Raises:
            UsageError: If no product is named, or one that is spelled for another venue.
            ClientClosedError: If the client is not open.
        """
        channel = CoinbaseChannel.TICKER_BATCH if batch else Channel.TICKER
        return self._subscribe(topics_of(channel, symbols), queue_size, overflow)

    def stream_full(
        self,
        symbols: str | Sequence[str],
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[OrderEvent]]:
        """Stream everything that happens to anybody's orders, in order, each once.

        A hole in it is told by a ``gap`` event; a dropped message tears a book that you keep
        yourself. Credentials are needed. Arguments as for ``stream_tickers``.

        Raises:
            ConfigError: If there are no credentials; the text names the settings.
            UsageError: If no product is named, or one that is spelled for another venue.
            ClientClosedError: If the client is not open.
        """
        topics = topics_of(CoinbaseChannel.FULL, symbols)
        return self._subscribe(topics, queue_size, overflow)

    def stream_order_book3(
        self,
        symbol: str,
        level: int = 5,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[OrderBook3View]]:
        """Stream the book of orders: who stands where in the queue of each price.

        A view comes when something in it has changed; it never shows a book with a hole.

        Args:
            symbol: One product.
            level: Prices a side of each view.
            queue_size: Messages that may wait; the configured number where None.
            overflow: What happens to a message that finds the queue full.

        Raises:
            ConfigError: If there are no credentials; the text names the settings.
            UsageError: If no product is named, or one that is spelled for another venue.
            UnsupportedChannelError: If ``level`` is less than 1.
            ClientClosedError: If the client is not open.
        """
        topics = topics_of(CoinbaseChannel.BOOK3, symbol, level=level)
        return self._subscribe(topics, queue_size, overflow)

    def stream_heartbeats(
        self,
        symbols: str | Sequence[str],
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[Heartbeat]]:
        """Stream each product's beat of every second. Arguments as for ``stream_tickers``."""
        topics = topics_of(CoinbaseChannel.HEARTBEAT, symbols)
        return self._subscribe(topics, queue_size, overflow)

    def stream_status(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    ) -> Subscription[Message[VenueStatus]]:
        """Stream what is listed, and what may be done with it, every few seconds."""
        return self._subscribe((Topic(CoinbaseChannel.STATUS),), queue_size, overflow)

    def stream_user(
        self,
        *,
        queue_size: int | None = None,
        overflow: OverflowPolicy = OverflowPolicy.RAISE,
    ) -> Subscription[Message[OrderEvent]]:
        """Stream what happens to the account's orders, as the venue tells it.

        What happened while the line was down is not in it: ``stream_orders`` and
        ``stream_fills`` read that.

        Raises:
            ConfigError: If there are no credentials; the text names the settings.
            ClientClosedError: If the client is not open.
        """
        return self._subscribe((Topic(CoinbaseChannel.USER),), queue_size, overflow)


VENUES: Final[Mapping[str, type[VenueClient[Any]]]] = {
    "weex": WeexWebSocketClient,
    "coinbase": CoinbaseWebSocketClient,
    "smartmoney": SmartMoneyWebSocketClient,
    "kucoin": KucoinWebSocketClient,
}
