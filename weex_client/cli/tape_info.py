"""The command that tells what is on a tape."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from weex_client.cli.failures import SUCCESS
from weex_client.cli.moments import iso_moment
from weex_client.cli.outlet import Outlet
from weex_client.recording import Recording
from weex_client.recording.records import CoverageRecord, GapRecord, SessionRecord

__all__ = ["show_tape"]

# The newest of many; the rest is in the JSON.
_SHOWN_GAPS = 20
_GAP = "  "
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


async def show_tape(path: Path, *, as_json: bool) -> int:
    """Print which sessions, channels and gaps a tape has.

    Returns:
        Success.

    Raises:
        TapeError: If it is none.
    """
    outlet = Outlet()
    with Recording(path) as recording:
        lines = [_json(recording)] if as_json else _lines(recording)
        for line in lines:
            await outlet.line(line)
    return SUCCESS


def _json(recording: Recording) -> str:
    return json.dumps(
        {
            "path": str(recording.path),
            "bytes": recording.size,
            "start_ns": recording.start_ns,
            "duration_ns": recording.duration_ns,
            "sessions": [asdict(each) for each in recording.sessions()],
            "channels": [asdict(each) for each in recording.coverage()],
            "gaps": [asdict(each) for each in recording.gaps()],
        }
    )


def _lines(recording: Recording) -> Iterator[str]:
    sessions, gaps = recording.sessions(), recording.gaps()
    if not sessions:
        yield f"{recording.path}: nothing was recorded yet"
        return
    frames = sum(each.frames for each in sessions)
    yield (
        f"{recording.path}: {_size(recording.size)}, {_duration(recording.duration_ns)} from"
        f" {_moment(recording.start_ns)}, {frames:,} frames"
    )
    yield ""
    rows = [("session", "venue", "from", "for", "connections", "frames", "recorded by")]
    yield from _table([*rows, *map(_session_row, sessions)])
    yield ""
    heads = [("channel", "symbol", "of", "from", "for", "missing")]
    yield from _table([*heads, *map(_channel_row, recording.coverage())])
    if gaps:
        yield ""
        shown = gaps[-_SHOWN_GAPS:]
        rest = len(gaps) - len(shown)
        yield f"gaps, the newest {len(shown)} of {len(gaps)}:" if rest else "gaps:"
        yield from _table([_gap_row(gap) for gap in shown])


def _session_row(each: SessionRecord) -> tuple[str, ...]:
    is_open = "" if each.is_closed else " (not closed)"
    return (
        str(each.id),
        " ".join(filter(None, (each.venue, each.market))),
        _moment(each.start_ns),
        _duration(each.end_ns - each.start_ns) + is_open,
        str(each.connections),
        f"{each.frames:,}",
        each.package,
    )


def _channel_row(each: CoverageRecord) -> tuple[str, ...]:
    channel = each.channel
    words = [f"{channel.level} levels"] if channel.level is not None else []
    words += [channel.interval] if channel.interval is not None else []
    return (
        channel.channel,
        channel.symbol or "-",
        " ".join(filter(None, (channel.venue, channel.market, *words))),
        _moment(channel.start_ns),
        _duration(channel.end_ns - channel.start_ns),
        _missing(each) if each.gaps else "nothing known",
    )


def _missing(each: CoverageRecord) -> str:
    count = len(each.gaps)
    return f"{each.gap_seconds:.3f} s, {count} {'time' if count == 1 else 'times'}"


def _gap_row(gap: GapRecord) -> tuple[str, ...]:
    return (
        _moment(gap.start_ns),
        f"{(gap.end_ns - gap.start_ns) / 1e9:.3f} s",
        " ".join(filter(None, (gap.venue, gap.channel, gap.symbol))) or "all",
        f"{gap.kind}: {gap.cause}",
    )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()


def _moment(time_ns: int) -> str:
    return iso_moment(time_ns // 1_000_000_000 * 1_000_000_000)


def _duration(duration_ns: int) -> str:
    seconds = duration_ns / 1e9
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
