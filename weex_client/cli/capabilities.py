"""What each venue has, asked from the code: the table of ``weex-client venues`` and of the docs."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, get_args

from weex_client.errors import UnsupportedChannelError, UsageError
from weex_client.protocol import Channel, Scope, Topic, Venue
from weex_client.websocket import VENUES

__all__ = ["ABSENT", "capability_table"]

ABSENT: Final = "-"
_KEY: Final = "key"

_NO_KEY: Final = {"api_key": None, "secret_key": None, "passphrase": None}

# Asked for, so that the venue answers with what it has.
_NO_LEVEL: Final = 0
_NO_INTERVAL: Final = ""

# However a venue spells its symbols, one of these is one.
_SYMBOLS: Final = ("BTCUSDT", "BTC-USDT", "BTC-USD", "BTC")


def capability_table() -> list[list[str]]:
    """Return a heading and a row a channel; the columns are channels, then each venue's market."""
    columns = list(_markets())
    channels: dict[str, None] = dict.fromkeys(each.value for each in Channel)
    for _, venue in columns:
        channels |= dict.fromkeys(each.value for each in venue.channels)
    rows = [["channel", *(title for title, _ in columns)]]
    rows += [[name, *(_capability(venue, name) for _, venue in columns)] for name in channels]
    return rows


def _markets() -> Iterator[tuple[str, Venue]]:
    """Yield every market of every registered venue, with its title."""
    for name, client in VENUES.items():
        make = client.config_class
        field = make.model_fields.get("market")
        markets = () if field is None else get_args(field.annotation)
        for options in [{"market": market} for market in markets] or [{}]:
            # Whoever asks, and whatever key the environment has: the same table.
            settings: dict[str, Any] = {"_env_file": None, **_NO_KEY, **options}
            title = " ".join((name, *options.values()))
            yield title, client.venue_class(make(**settings))


def _capability(venue: Venue, name: str) -> str:
    """Return what a venue has of a channel: ``yes``, or its levels or intervals."""
    channel = next((each for each in venue.channels if each.value == name), None)
    if channel is None:
        return ABSENT
    words = [_choices(venue, channel)]
    if _needs_key(venue, channel):
        words.append(f"({_KEY})")
    return " ".join(words)


def _choices(venue: Venue, channel: StrEnum) -> str:
    others = {each.value for each in venue.channels}
    for symbol in _symbols(venue, channel):
        try:
            venue.feed(Topic(channel, symbol, _NO_LEVEL, _NO_INTERVAL))
        except UnsupportedChannelError as error:
            return ABSENT if others.issuperset(error.available) else ", ".join(error.available)
        except UsageError:
            continue  # spelled for another venue
        break
    return "yes"


def _needs_key(venue: Venue, channel: StrEnum) -> bool:
    if venue.scope(channel) is Scope.PRIVATE:
        return True
    for symbol in _symbols(venue, channel):
        try:
            return venue.needs_credentials(venue.feed(Topic(channel, symbol, 5, "1m")))
        except UsageError:
            continue
    return False


def _symbols(venue: Venue, channel: StrEnum) -> tuple[str | None, ...]:
    return _SYMBOLS if venue.has_symbols(channel) else (None,)
