"""When a recording knows every trade, from what it says of its lines and its gaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from weex_client.export.candles import Span, Stretch, joined_spans
from weex_client.protocol import Channel
from weex_client.recording import CoverageRecord, GapRecord, Recording

__all__ = ["known_trades"]

_SECOND_NS: Final = 1_000_000_000

# A gap is dated by the clock that recorded, a trade by the venue's, and the one reaches the other
# late: what happened within a second of a gap may be missing.
_MARGIN_NS: Final = _SECOND_NS

# A trade that is missing by its number was made some time before that was noticed: with a beat
# every second some seconds, without one by the next trade.
_NOTICED_NS: Final = 60 * _SECOND_NS


def known_trades(recording: Recording) -> list[Stretch]:
    """Return when every trade is known, for ``candles_of`` and ``CandleBuilder``.

    An interruption after which the venue repeated what was missed is none. Around every other
    one, and around every gap, a second more is doubted.
    """
    return [
        Stretch(record.channel.venue, record.channel.symbol, start_ns, end_ns)
        for record in recording.coverage()
        if record.channel.channel == Channel.TRADES
        for start_ns, end_ns in _known(record)
    ]


def _known(record: CoverageRecord) -> Iterator[Span]:
    losses = [gap for gap in record.gaps if gap.kind != "interruption"]
    holes = [_doubted(gap) for gap in losses]
    bridged: list[Span] = []
    for gap in record.gaps:
        if gap.kind == "interruption":
            is_lost = any(
                loss.start_ns <= gap.end_ns and gap.start_ns <= loss.end_ns for loss in losses
            )
            span = (gap.start_ns - _MARGIN_NS, gap.end_ns + _MARGIN_NS)
            (holes if is_lost else bridged).append(span)
    for start_ns, end_ns in joined_spans([*record.spans, *bridged]):
        yield from _without(holes, (start_ns + _MARGIN_NS, end_ns - _MARGIN_NS))


def _doubted(gap: GapRecord) -> Span:
    early_ns = _MARGIN_NS if gap.start_ns < gap.end_ns else _NOTICED_NS
    return gap.start_ns - early_ns, gap.end_ns + _MARGIN_NS


def _without(holes: Iterable[Span], span: Span) -> Iterator[Span]:
    start_ns, end_ns = span
    for hole_start_ns, hole_end_ns in joined_spans(holes):
        if start_ns < min(hole_start_ns, end_ns):
            yield start_ns, min(hole_start_ns, end_ns)
        start_ns = max(start_ns, hole_end_ns)
    if start_ns < end_ns:
        yield start_ns, end_ns
