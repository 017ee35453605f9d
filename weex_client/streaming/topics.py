"""What a caller wants to read, checked and spelled as venues spell it. Who carries it: pools."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from weex_client.errors import UsageError
from weex_client.protocol import Topic

__all__ = ["topics_of"]


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
