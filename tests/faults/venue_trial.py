"""One run of one fault at any registered venue, and which faults make sense at which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.faults.frames import BOOKS, UNNUMBERED
from tests.faults.lines import STEP_SECONDS
from tests.faults.plan import FAULTS
from tests.faults.terms import Fault, Told, Watched
from tests.faults.trial import Trial
from tests.simulate.venue_witness import judge_of
from tests.simulate.venue_world import VenueWorld
from tests.simulate.witness import Witness
from weex_client import Subscription
from weex_client.errors import WeexClientError
from weex_client.protocol import FeedKind, Topic
from weex_client.websocket import VENUES

# What only WEEX's frames or addresses can be made to do, and what a user's own program does,
# which no venue has a part in.
_NOT_EVERYWHERE = (
    "digit that crosses a book",
    "stale snapshot",
    "slow reader",
    "event loop blocked",
    "reader ",
    "clock set",
    "10,000 subscriptions",
)
_OF_BOOKS = "book change"
_BOOK_KINDS = (FeedKind.BOOK, FeedKind.LOOSE_BOOK, FeedKind.BOOK3)


@dataclass
class VenueWatched(Watched):
    """A stream of any venue.

    Attributes:
        names_by_symbol: What the venue calls what it is read from, by symbol.
    """

    names_by_symbol: Mapping[str, str] = field(default_factory=dict)

    def feeds(self) -> Iterator[tuple[str, str]]:
        """Yield what the venue calls its streams, with their symbols; none has the empty one."""
        for symbol, name in self.names_by_symbol.items():
            yield name, symbol


class VenueTrial(VenueWorld, Trial):
    """A world of some venue in which one thing goes wrong."""

    lifetimes = (None,)
    signs_dials = False
    slack_seconds = STEP_SECONDS  # what is sent every so often goes out when the step is over

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.random = Random(f"{self.outcome.fault}/{self.outcome.seed}/{self.name}")

    async def _trade(self) -> None:
        self.note_clock()
        await super()._trade()

    async def _begin(self) -> None:
        await super()._begin()
        self.watched = [self._watch(topics) for topics in self._wanted()]

    def _streams(self) -> list[Watched]:
        return []  # not before the venue is known

    def _wanted(self) -> Iterator[tuple[Topic, ...]]:
        for channel in self.menu:
            name, value = self.parameter(channel.value)
            words = {} if name is None else {name: value}
            if not self.venue.has_symbols(channel):
                yield (Topic(channel),)
                continue
            topics = tuple(Topic(channel, symbol, **words) for symbol in self.symbols)
            yield topics[:1] if channel in self.one_symbol else topics

    def _watch(self, topics: tuple[Topic, ...]) -> VenueWatched:
        venue, first = self.venue, topics[0]
        watched = VenueWatched(
            first.channel.value,
            tuple(topic.symbol for topic in topics if topic.symbol is not None),
            first.level or first.interval,
            "",
            names_by_symbol={each.symbol or "": venue.carrier(venue.feed(each)) for each in topics},
        )
        watched.awake.set()
        return watched

    def live_streams(self, *kinds: str) -> list[str]:
        """Return what is subscribed and read, books or all else, as the venue spells it."""
        wants = {
            is_book: not kinds or not set(kinds).isdisjoint(names)
            for is_book, names in ((True, BOOKS), (False, UNNUMBERED))
        }
        channels = {each.value: each for each in self.venue.channels}
        held = {name for each in self.exchange.connections for name in each.streams}
        return sorted(
            name
            for watched in self.watched
            for name in watched.names
            if name in held
            and wants[self.venue.feed_kind(channels[watched.channel]) in _BOOK_KINDS]
        )

    async def ask_privately(self) -> None:
        """Ask nothing: these credentials are good, and sign some of what is public."""

    def open(self, watched: Watched) -> Subscription[Any] | None:
        """Open a stream; None where the client is closed."""
        name, _ = self.parameter(watched.channel)
        words = {} if name is None else {name: watched.parameter}
        with suppress(WeexClientError):
            stream: Subscription[Any] = self.client.stream(
                watched.channel, watched.symbols, **words, **watched.options
            )
            return stream
        return None

    def new_witness(self, watched: Watched) -> Witness:
        """Return who sees what a stream gives, and knows the venue."""
        judge = judge_of(self.venue, watched.channel)
        return Witness(watched.channel, watched.symbols, watched.parameter, judge)


def faults_of(name: str) -> dict[str, Fault]:
    """Return the rows of a venue: what makes sense for it, and whether it can be known there."""
    if name == "weex":
        return FAULTS
    client_class = VENUES[name]
    venue = client_class.venue_class(client_class.config_class(_env_file=None))
    kinds = {venue.feed_kind(each) for each in venue.channels}
    numbered = FeedKind.BOOK in kinds and FeedKind.LOOSE_BOOK not in kinds
    absent = _NOT_EVERYWHERE
    if not venue.limits.acknowledges:
        absent += ("answers delayed",)
    rows: dict[str, Fault] = {}
    for what, fault in FAULTS.items():
        is_of_books = what.startswith(_OF_BOOKS)
        if what.startswith(absent) or (is_of_books and kinds.isdisjoint(_BOOK_KINDS)):
            continue
        # Without numbers a change that is lost shows in what follows from it, or never.
        is_unsure = is_of_books and not numbered
        rows[what] = replace(fault, told=Told.MAYBE) if is_unsure else fault
    return rows


def trial_of(name: str) -> type[Trial]:
    """Return the trials of a registered venue."""
    if name == "weex":
        return Trial
    return type(f"{name.title()}Trial", (VenueTrial,), {"name": name})
