"""What was done to whom: the kinds of faults and the ledger of them. Nothing is broken here."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from weex_client.sandbox.outgoing import OutgoingFrame

_log = logging.getLogger(__name__)

# A busy exchange sends some thousand frames a minute; a test looks at less.
MAX_RECORDS = 10_000

# Trades, changes and books of 15 fit; of long candle histories the beginning says enough.
_KEPT_CHARACTERS = 4_096


class FaultKind(StrEnum):
    """What an exchange can do wrong, by the name of the method that does it."""

    CUT = "cut"
    CUT_MID_FRAME = "cut_mid_frame"
    CLOSE = "close"
    HALF_OPEN = "half_open"
    DRIP = "drip"
    HUGE_FRAME = "huge_frame"
    STALL = "stall"
    SKIP = "skip"
    REPEAT = "repeat"
    REORDER = "reorder"
    CORRUPT = "corrupt"
    STALE_SNAPSHOT = "stale_snapshot"
    REFUSE = "refuse"
    DELAY_ACKS = "delay_acks"
    HANDSHAKE = "handshake"
    SLOW_HANDSHAKE = "slow_handshake"


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """Tell one thing that was done.

    Attributes:
        kind: What was done.
        market_time_ns: When, in simulated nanoseconds since the epoch.
        connection: The number of the connection it was done to; None for a dial, or for all.
        channel: The channel of the frame that was hit, or None.
        symbol: Its symbol, or None.
        sequences: Where the frame before it ended and where it ended, on book streams.
        is_loss: True if the client did not get the content of that frame.
        detail: The rest in words.
        frame: The frame as it should have been, up to its first 4,096 characters; empty where no
            frame was hit.
    """

    kind: FaultKind
    market_time_ns: int
    connection: int | None = None
    channel: StrEnum | None = None
    symbol: str | None = None
    sequences: tuple[int, int] | None = None
    is_loss: bool = False
    detail: str = ""
    frame: str = ""


class FaultLog:
    """Remember the newest records, oldest first, and count all of them.

    Attributes:
        counts: Records written of each kind, also those forgotten since.
    """

    def __init__(self, limit: int = MAX_RECORDS) -> None:
        self.counts: Counter[FaultKind] = Counter()
        self._records: deque[FaultRecord] = deque(maxlen=limit)

    def __iter__(self) -> Iterator[FaultRecord]:
        return iter(tuple(self._records))

    def __len__(self) -> int:
        return len(self._records)

    @property
    def forgotten(self) -> int:
        """Return how many records were written and are no longer kept."""
        return self.counts.total() - len(self._records)

    def of(self, kind: FaultKind | str) -> tuple[FaultRecord, ...]:
        """Return the records of one kind, oldest first."""
        return tuple(record for record in self._records if record.kind == kind)

    def losses(self) -> tuple[FaultRecord, ...]:
        """Return the records of frames whose content a client did not get, oldest first."""
        return tuple(record for record in self._records if record.is_loss)

    def note(
        self, kind: FaultKind, time_ns: int, detail: str, connection: int | None = None
    ) -> None:
        """Write down something that was done to a connection, to a dial or to everybody."""
        self._add(FaultRecord(kind, time_ns, connection, detail=detail))
        whom = "" if connection is None else f" on connection {connection}"
        _log.info("%s%s: %s", kind, whom, detail)

    def note_frame(
        self,
        kind: FaultKind,
        time_ns: int,
        connection: int,
        frame: OutgoingFrame,
        *,
        is_loss: bool = False,
        detail: str = "",
    ) -> None:
        """Write down what was done to a frame on its way to a connection."""
        self._add(
            FaultRecord(
                kind,
                time_ns,
                connection,
                frame.channel,
                frame.symbol,
                frame.sequences,
                is_loss,
                detail,
                frame.text[:_KEPT_CHARACTERS],
            )
        )
        _log.debug("%s on connection %d: %s %s", kind, connection, frame.stream, frame.sequences)

    def _add(self, record: FaultRecord) -> None:
        self.counts[record.kind] += 1
        self._records.append(record)
