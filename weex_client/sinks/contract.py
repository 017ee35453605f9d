"""What a place where messages are stored must be able to do. How it is fed lives in ``sink``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from weex_client.errors import SinkError
from weex_client.sinks.rows import Row

__all__ = ["Outcome", "RefusedRowsError", "SinkStats", "Store"]


class RefusedRowsError(SinkError):
    """Tell that the store cannot take a row of these, whatever happens: a number too large."""

    retryable = False


class Outcome(NamedTuple):
    """Say what became of rows.

    Attributes:
        stored: How many are in the store now and were not before, or replaced something older.
        repeated: How many the store had already.
        refused: Rows that the store cannot take, each with the reason.
    """

    stored: int
    repeated: int
    refused: Sequence[tuple[Row, str]] = ()


class Store(Protocol):
    """Keep rows, each once however often it is written.

    One task at a time uses a store. What it raises is a ``SinkError`` whose ``retryable`` says
    whether the same rows may be written again; an attempt that failed may have stored some.
    """

    place: str
    """Where it is, for people to read, without secrets."""

    async def open(self) -> None:
        """Make sure that rows can be written.

        Raises:
            SinkError: If not, with what to do about it.
            ConfigError: If the address is none.
        """

    async def write(self, rows: Sequence[Row]) -> Outcome:
        """Store rows; they are safe when this returns.

        Rows with the key of a stored one are left out, or replace it where they are a state.

        Raises:
            SinkError: If they could not be stored.
            RefusedRowsError: If one of them never can be, without saying which one.
        """

    async def close(self) -> None:
        """Give everything back, soon. Idempotent."""


@dataclass(frozen=True, slots=True)
class SinkStats:
    """Show what became of the messages that a sink has read.

    Every message is counted once: in ``stored``, ``repeated``, ``refused``, ``lost`` or
    ``waiting``.

    Attributes:
        stored: Written, each on its own or in place of an older state. When a batch is tried
            again, what the store has of it counts here: the attempt before may have stored it.
        repeated: Left out, because the store had it already.
        refused: Left out, because the store cannot take such a message; each is logged.
        lost: Read, and not known to be stored when the sink was closed or failed; logged.
        waiting: Read, and not stored yet.
        retries: How often a batch was written again.
        away_since: Since when the store takes nothing, Unix seconds, or None while it does.
        away_seconds: How long it took nothing, all times together.
        backpressure_seconds: How long streams were not read because the buffer was full.
        last_error: What the store said last when it took nothing, or None if it always did.
    """

    stored: int
    repeated: int
    refused: int
    lost: int
    waiting: int
    retries: int
    away_since: float | None
    away_seconds: float
    backpressure_seconds: float
    last_error: str | None
