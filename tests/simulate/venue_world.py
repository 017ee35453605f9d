"""One simulated run of any registered venue: its client, its front, readers of all its channels."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from enum import StrEnum
from random import Random
from typing import Any, cast

from tests.simulate.account import ACCOUNT, SimulatedWay
from tests.simulate.gallery import Gallery
from tests.simulate.readers import Reader
from tests.simulate.venue_account import Owner
from tests.simulate.venue_truth import VenueTruth
from tests.simulate.venue_witness import VenueRecord, judge_of
from tests.simulate.witness import NS, Witness
from tests.simulate.world import CANARY, SYMBOLS, World
from weex_client.errors import UnsupportedChannelError
from weex_client.protocol import Channel, DialRequest, FeedKind, Scope, Topic, Venue
from weex_client.sandbox.damage import Damage, damaged
from weex_client.sandbox.fault_log import FaultKind, FaultRecord
from weex_client.simulation import STEP_NS
from weex_client.streaming.budget import Budgets
from weex_client.streaming.subscription import Subscription
from weex_client.websocket import VENUES

# Of books that a venue folds to order.
_LEVELS = (1, 5, 15, 50)
_RAW_LEVEL = 200
_INTERVAL = "1m"

# Channels that are not like ones that every venue has get no more readers than those.
_BOOKS = (Channel.BOOK, Channel.BOOK_DELTAS)
_KINDS_OF_BOOKS = (FeedKind.BOOK, FeedKind.LOOSE_BOOK)

# A venue whose connections have a lifetime has shorter ones in some runs: a day is too long.
_LIFETIMES_SECONDS = (None, 45.0, 150.0)


class VenueReader(Reader):
    """Reads whatever the venue has."""

    _scene: VenueWorld

    def _draw(self) -> tuple[str, tuple[str, ...]]:
        random, scene = self._random, self._scene
        channel = random.choice(scene.menu)
        if not scene.venue.has_symbols(channel):
            return channel.value, ()
        symbol = random.choice(scene.symbols)
        if channel not in scene.one_symbol and random.random() < 0.3:
            return channel.value, scene.symbols
        return channel.value, (symbol,)

    def _witness(self, channel: str, symbols: tuple[str, ...], parameter: Any) -> Witness:
        scene = self._scene
        judge = judge_of(scene.venue, channel)
        return Witness(channel, symbols, parameter, judge)

    def _stream(
        self, channel: str, symbols: tuple[str, ...], options: dict[str, Any]
    ) -> tuple[Subscription[Any], Any]:
        name, value = self._scene.parameter(channel, self._random)
        words = {} if name is None else {name: value}
        return self._scene.client.stream(channel, symbols, **words, **options), value


class VenueWorld(World):
    """Everything of one run of a venue.

    Args:
        name: Under which it is registered.
    """

    reader_class = VenueReader
    name = ""
    lines_per_feed = 2  # while one takes over from another
    lifetimes: tuple[float | None, ...] = _LIFETIMES_SECONDS

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.random = Random(f"{self.report.seed}/{self.name}/world")
        self.market = "spot"
        self.symbols = tuple(self.random.sample(SYMBOLS, 2))
        self.record: VenueRecord = VenueRecord()

    # What there is.

    @property
    def menu(self) -> tuple[StrEnum, ...]:
        """Return the channels that everybody may read."""
        venue = self.venue
        return tuple(each for each in venue.channels if venue.scope(each) is Scope.PUBLIC)

    def parameter(self, channel: str, random: Random | None = None) -> tuple[str | None, Any]:
        """Return the name of what a channel must be told more, and a value of it."""
        if channel == Channel.CANDLES:
            return "interval", _INTERVAL
        if channel == Channel.BOOK_DELTAS:
            return "level", _RAW_LEVEL
        name = next(each for each in self.venue.channels if each.value == channel)
        if self.venue.has_symbols(name):
            try:
                self.venue.feed(Topic(name, self.symbols[0]))
            except UnsupportedChannelError:
                return "level", 5 if random is None else random.choice(_LEVELS)
        return None, None

    # The run.

    async def _trade(self) -> None:
        await self._begin()
        await super()._trade()
        await self.gallery.leave()

    async def _begin(self) -> None:
        """Get to know the venue, and listen to all of it."""
        self.exchange.open_account(ACCOUNT, f"{CANARY}-secret", f"{CANARY}-passphrase")
        front = self.front = self.exchange.front(self.name)
        self.listed = self.symbols
        self.symbols = tuple(front.symbols)
        client = self.client = self._make_client()
        self.venue: Venue = client._venue
        self.one_symbol = _BOOKS
        known = {*front.channels} & {*self.menu}
        self.hurt_channels = tuple(sorted(known))
        self.muted_channels = (None, *self.hurt_channels)
        self.gallery = Gallery(self.exchange, front, self.venue)
        for scope in Scope:
            feeds = [feed for each in self.venue.channels for feed in self._feeds(each, scope)]
            if feeds:
                await self.gallery.listen(scope, feeds)
        self.truth = VenueTruth(front, self.venue, self.gallery, self.market)
        for topic in self._books():
            while not self.truth.note_base(topic):  # noqa: ASYNC110 - no event of ours
                await asyncio.sleep(0.1)  # simulated
        for topic in self._books(FeedKind.BOOK3):
            await self.truth.note_orders(topic, self.exchange.time_ns)
        self._client_made = client
        private = (Channel.ORDERS, Channel.FILLS)
        channels = tuple(each for each in private if each in self.venue.channels)
        self.owner = Owner(self, channels, f"{self.report.seed}/owner")

    def _feeds(self, channel: StrEnum, scope: Scope) -> Iterator[str]:
        if self.venue.scope(channel) is not scope:
            return
        name, value = self.parameter(channel.value)
        words = {} if name is None else {name: value}
        symbols = self.symbols if self.venue.has_symbols(channel) else (None,)
        for symbol in symbols:
            yield self.venue.feed(Topic(channel, symbol, **words))

    def _books(self, *kinds: FeedKind) -> Iterator[Topic]:
        for channel in self.menu:
            if self.venue.feed_kind(channel) in (kinds or _KINDS_OF_BOOKS):
                name, value = self.parameter(channel.value)
                words = {} if name is None else {name: value}
                for symbol in self.symbols:
                    yield Topic(channel, symbol, **words)

    def _judge(self) -> None:
        for topic in self._books():
            if not self.truth.is_sound(topic):
                self.complain(f"the truth of {topic} is none")
        super()._judge()
        for verdict in self.owner.judge(self.report.counts):
            self.complain(verdict)

    def _make_client(self) -> Any:
        if hasattr(self, "_client_made"):
            return self._client_made
        config = self.exchange.config(self.name, account=ACCOUNT)
        listed = {"products": self.symbols} if "products" in type(config).model_fields else {}
        self.config = config.model_copy(
            update={
                **listed,
                "reconnect_delay_seconds": self.random.choice((0.1, 1.0)),
                "reconnect_max_delay_seconds": 10.0,
            }
        )
        connector: Any = SimulatedWay()
        if self._disturb is not None:
            connector = self._disturb(connector)
        lifetime = self.random.choice(self.lifetimes)
        client_class = VENUES[self.name]
        venue_class = client_class.venue_class

        class Mortal(venue_class):  # type: ignore[misc, valid-type]
            """The venue, with connections that do not live long where they die at all."""

            def dial(self, *args: Any, **words: Any) -> DialRequest:
                request: DialRequest = super().dial(*args, **words)
                if request.lifetime_seconds is None or lifetime is None:
                    return request
                return replace(request, lifetime_seconds=lifetime)

        class Client(client_class):  # type: ignore[misc, valid-type]
            venue_class = Mortal

        return Client(self.config, connector=connector, budgets=Budgets())

    def _make_truth(self) -> Any:
        return self.truth

    def check_secrets(self, text: str, where: str) -> None:
        super().check_secrets(text, where)
        secret = getattr(getattr(self, "config", None), "secret_key", None)
        if secret is not None and secret.get_secret_value() in text:
            self.complain(f"an encoded secret is in {where}")

    def _more_programs(self) -> list[Coroutine[Any, Any, None]]:
        return [self.owner.live()]

    async def _be_private(self) -> None:
        """Leave it to the account's owner, who goes on until the end."""

    def _excuse(self) -> None:
        super()._excuse()
        record, half = self.record, STEP_NS / NS
        # What a venue does not number it may also have kept to itself.
        record.altered += [span for span in record.unsent if span[0] in (None, Channel.BOOK)]
        record.ahead_seconds = self.exchange.time_ns / NS - self.now()
        for fault in self.exchange.faults.log:
            at = fault.market_time_ns / NS
            span = (fault.channel, fault.symbol, at - half, at + 1.0)
            if fault.kind is FaultKind.REPEAT:
                record.repeated.append(span)
            elif fault.kind is FaultKind.CORRUPT:
                if self._is_nameless(fault):
                    record.unsent.append(span)
            elif fault.channel == Channel.BOOK:
                record.altered.append(span)

    def _is_nameless(self, fault: FaultRecord) -> bool:
        """Tell whether a frame was hurt where it says whose it is.

        That is counted as unknown, and no event can name it. Whoever is told of a damaged frame
        by an event, or loses a book over it, is not excused.
        """
        venue, whole = self.venue, fault.frame.encode()
        hurt = damaged(fault.frame, cast("Damage", fault.detail))
        frame = hurt if isinstance(hurt, bytes) else hurt.encode()
        key = venue.route_key(whole)
        is_routed = key is not None and venue.route_key(frame) == key
        return not is_routed and venue.read(frame) != venue.read(whole)


def world_of(name: str) -> type[World]:
    """Return the world of a registered venue."""
    if name == "weex":
        return World
    return type(
        f"{name.title()}World", (VenueWorld,), {"name": name, "options": f" --venue {name}"}
    )
