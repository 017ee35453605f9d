"""What a recording says of itself: sessions, channels, and where something is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from weex_client.protocol import Topic
from weex_client.recording.catalogue import Catalogue, Offer
from weex_client.recording.contents import Contents
from weex_client.recording.rows import EventRow, LineRow

__all__ = [
    "ChannelRecord",
    "CoverageRecord",
    "GapRecord",
    "SessionRecord",
    "channels_in",
    "coverage_in",
    "gaps_in",
    "sessions_in",
]


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One client that was recorded.

    Attributes:
        id: Its number on the tape.
        venue: The venue's name.
        market: Its market, where the venue has several.
        package: What recorded it.
        start_ns: When it was opened, nanoseconds since the epoch.
        end_ns: When it was closed, or the last that is known of it.
        is_closed: Whether it was closed; False if it still goes on, or was killed.
        connections: How many connections it made.
        frames: How many frames it received.
        bytes: How many bytes those had.
    """

    id: int
    venue: str
    market: str | None
    package: str
    start_ns: int
    end_ns: int
    is_closed: bool
    connections: int
    frames: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """One topic that was streamed.

    Attributes:
        venue: The venue's name.
        market: Its market, where the venue has several.
        channel: As ``message.channel`` spells it.
        symbol: Of which symbol, or None.
        level: Levels of a book, or None.
        interval: Interval of candles, or None.
        start_ns: When it was first asked for, nanoseconds since the epoch.
        end_ns: When it was last streamed.
    """

    venue: str
    market: str | None
    channel: str
    symbol: str | None
    level: int | None
    interval: str | None
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class GapRecord:
    """A stretch of time of which something is missing.

    Attributes:
        start_ns: Since when, nanoseconds since the epoch.
        end_ns: Until when.
        kind: ``interruption`` (a connection was down, or a book being asked for anew), ``gap``
            (the venue did not send, or repeat, something) or ``recorder`` (it could not write).
        venue: The venue's name, or None where several were recorded.
        channel: Of which channel, or None if of all.
        symbol: Of which symbol, or None if of all.
        cause: Why, in words.
    """

    start_ns: int
    end_ns: int
    kind: str
    venue: str | None
    channel: str | None
    symbol: str | None
    cause: str


@dataclass(frozen=True, slots=True)
class CoverageRecord:
    """How much of a channel's time was recorded.

    Attributes:
        channel: Which.
        covered_seconds: How long it was streamed without anything missing.
        gap_seconds: How long something of it was missing.
        gaps: What was missing, and why.
        spans: From when to when a line was up for it, nanoseconds since the epoch.
    """

    channel: ChannelRecord
    covered_seconds: float
    gap_seconds: float
    gaps: tuple[GapRecord, ...]
    spans: tuple[tuple[int, int], ...]


def sessions_in(contents: Contents) -> Iterator[SessionRecord]:
    """Yield who was recorded."""
    figures = contents.figures()
    for row in contents.sessions.values():
        lines = [line for line in contents.lines.values() if line.session == row.id]
        counted = [figures[line.id] for line in lines if line.id in figures]
        known_ns = [line.closed_ns or line.opened_ns for line in lines]
        known_ns += [each.last_ns for each in counted]
        last_ns = max(known_ns, default=row.opened_ns)
        yield SessionRecord(
            id=row.id,
            venue=row.venue,
            market=row.market,
            package=row.package,
            start_ns=row.opened_ns,
            end_ns=last_ns if row.closed_ns is None else row.closed_ns,
            is_closed=row.closed_ns is not None,
            connections=len(lines),
            frames=sum(each.frames for each in counted),
            bytes=sum(each.bytes for each in counted),
        )


def channels_in(contents: Contents, catalogue: Catalogue) -> Iterator[ChannelRecord]:
    """Yield what was streamed, each topic of a market once, in the order of their beginnings."""
    return (record for record, _ in _channels(contents, catalogue))


def _channels(
    contents: Contents, catalogue: Catalogue
) -> Iterator[tuple[ChannelRecord, list[tuple[int, int]]]]:
    """Yield what was streamed, with the stretches of time in which a line was up for it."""
    ends = {each.id: each.end_ns for each in sessions_in(contents)}
    found: dict[tuple[str, str | None, Topic], list[tuple[int, int]]] = {}
    for session, row in contents.sessions.items():
        lines = [line for line in contents.lines.values() if line.session == session]
        for offer in catalogue.offers(session):
            spans = found.setdefault((row.venue, row.market, offer.topic), [])
            spans += _spans(contents, offer, lines, ends[session])
    for (venue, market, topic), spans in found.items():
        merged = _union(spans)
        if merged:
            yield _record(venue, market, topic, merged), merged


def _record(
    venue: str, market: str | None, topic: Topic, spans: list[tuple[int, int]]
) -> ChannelRecord:
    channel, symbol, level, interval = topic
    return ChannelRecord(
        venue, market, channel.value, symbol, level, interval, spans[0][0], spans[-1][1]
    )


def _spans(
    contents: Contents, offer: Offer, lines: Iterable[LineRow], end_ns: int
) -> Iterator[tuple[int, int]]:
    """Yield when a line was up while a lane was asked for a topic."""
    row = offer.row
    first_ns = contents.time_at(row.id)
    last_ns = end_ns if row.left_id is None else contents.time_at(row.left_id)
    for line in lines:
        if line.lane == row.lane and first_ns is not None:
            until_ns = end_ns if line.closed_ns is None else line.closed_ns
            start_ns = max(line.opened_ns, first_ns)
            stop_ns = min(until_ns, end_ns if last_ns is None else last_ns)
            if start_ns <= stop_ns:
                yield start_ns, stop_ns


def _union(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start_ns, end_ns in sorted(spans):
        if merged and start_ns <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end_ns, merged[-1][1]))
        else:
            merged.append((start_ns, end_ns))
    return merged


def gaps_in(contents: Contents) -> list[GapRecord]:
    """Return where something is missing, in the order of time."""
    gaps = [
        GapRecord(
            start_ns=hole.from_ns,
            end_ns=hole.to_ns,
            kind="recorder",
            venue=None if hole.session is None else contents.sessions[hole.session].venue,
            channel=None,
            symbol=None,
            cause=f"{hole.frames} frames could not be written: {hole.cause}",
        )
        for hole in contents.holes
    ]
    gaps += _announced(contents)
    return sorted(gaps, key=lambda gap: (gap.start_ns, gap.end_ns))


def _announced(contents: Contents) -> Iterator[GapRecord]:
    """Yield what the client's users were told to be missing."""
    causes: dict[tuple[int, str], str] = {}
    for row in contents.events():
        facts = json.loads(row.facts)
        where = (row.session, row.scope)
        if row.kind in ("disconnected", "stale"):
            causes[where] = str(facts.get("cause") or row.kind)
        elif row.kind == "gap":
            yield _gap(contents, row, facts.get("duration_seconds"), "gap", str(facts.get("cause")))
        elif row.kind == "resubscribed":
            cause = causes.get(where, "it was asked for anew")
            yield _gap(contents, row, facts.get("duration_seconds"), "interruption", cause)


def _gap(
    contents: Contents, row: EventRow, seconds: float | None, kind: str, cause: str
) -> GapRecord:
    return GapRecord(
        start_ns=row.time_ns - round((seconds or 0.0) * 1_000_000_000),
        end_ns=row.time_ns,
        kind=kind,
        venue=contents.sessions[row.session].venue,
        channel=row.channel,
        symbol=row.symbol,
        cause=cause,
    )


def coverage_in(contents: Contents, catalogue: Catalogue) -> Iterator[CoverageRecord]:
    """Yield how much of each channel was recorded."""
    gaps = gaps_in(contents)
    for record, spans in _channels(contents, catalogue):
        own = [
            gap
            for gap in gaps
            if gap.venue in (None, record.venue)
            and gap.channel in (None, record.channel)
            and gap.symbol in (None, record.symbol)
            and gap.end_ns >= record.start_ns
            and gap.start_ns <= record.end_ns
        ]
        missing = _union((gap.start_ns, gap.end_ns) for gap in own)
        up_ns = sum(end_ns - start_ns for start_ns, end_ns in spans)
        lost_ns = sum(
            max(0, min(end, end_ns) - max(start, start_ns))
            for start, end in missing
            for start_ns, end_ns in spans
        )
        gap_ns = sum(end_ns - start_ns for start_ns, end_ns in missing)
        yield CoverageRecord(
            record, (up_ns - lost_ns) / 1e9, gap_ns / 1e9, tuple(own), tuple(spans)
        )
