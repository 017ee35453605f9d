"""What a caller wants to read, checked and spelled as venues spell it. Who carries it: pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from weex_client.errors import UnsupportedChannelError, UsageError
from weex_client.protocol import Channel, FeedKind, Topic, Venue

__all__ = ["named_topics", "topics_of"]

# What the calls by name begin with, too.
_DEFAULT_LEVELS: Mapping[str, int] = {
    Channel.BOOK: 5,
    Channel.BOOK_DELTAS: 200,
    FeedKind.BOOK3: 5,
}
_DEFAULT_INTERVAL = "1m"


def named_topics(
    venue: Venue,
    name: str,
    symbols: str | Sequence[str] = (),
    *,
    level: int | None = None,
    interval: str | None = None,
) -> tuple[Topic, ...]:
    """Return the topics of a channel that is known by its name only.

    Raises:
        UnsupportedChannelError: If the venue has no such channel; it lists those that it has.
        UsageError: If a symbol is missing, is none, or is named where there are none.
    """
    channel = next((each for each in venue.channels if each.value == name), None)
    if channel is None:
        names = tuple(each.value for each in venue.channels)
        raise UnsupportedChannelError(
            f"{venue.name} has no {name} channel; its channels: {', '.join(names)}",
            venue=venue.name,
            available=names,
        )
    if not venue.has_symbols(channel):
        if symbols:
            raise UsageError(f"{name} of {venue.name} is one stream over all: name no symbols")
        return (Topic(channel),)
    return topics_of(
        channel,
        symbols,
        level=_DEFAULT_LEVELS.get(name) if level is None else level,
        interval=_DEFAULT_INTERVAL if interval is None and name == Channel.CANDLES else interval,
    )


def topics_of(
    channel: StrEnum,
    symbols: str | Sequence[str],
    *,
    level: int | None = None,
    interval: str | None = None,
) -> tuple[Topic, ...]:
    """Return one topic a symbol, each symbol once, in upper case as venues spell them.

    Raises:
        UsageError: If there is no symbol, or one that no venue could have.
    """
    names = [symbols] if isinstance(symbols, str) else list(symbols)
    if level is not None and not isinstance(level, int):
        raise UsageError(f"level must be a whole number, not {level!r}")
    spelled = dict.fromkeys(name.strip().upper() for name in names)
    if not spelled:
        raise UsageError("name at least one symbol, for example 'BTCUSDT'")
    for name in spelled:
        if not name or not name.isascii() or not name.isprintable() or set(name) & set(' @",'):
            raise UsageError(f"{name!r} is not a symbol; one is spelled like 'BTCUSDT'")
    return tuple(Topic(channel, name, level, interval) for name in spelled)
