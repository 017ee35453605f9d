"""Ways in which a frame arrives damaged. Pure: text in, what the client gets out."""

from __future__ import annotations

import re
from typing import Literal, get_args

Damage = Literal["garbled", "truncated", "not_a_number", "not_utf8"]
"""How a frame is damaged: a byte of zero in its middle, its first half only, every decimal a
``NaN``, or a byte that no text has (for which RFC 6455 wants the connection closed)."""

DAMAGES: tuple[Damage, ...] = get_args(Damage)

# Venues spell figures as JSON strings, or as JSON numbers.
_DECIMAL = re.compile(r'"-?\d+\.\d+"|(?<=[:,\[ ])-?\d+\.\d+(?=[,}\] ])')


def damaged(text: str, how: Damage) -> str | bytes:
    """Return a frame's text after the damage; bytes where it is no text any more.

    A frame without any decimal cannot have a ``NaN`` and is garbled instead.
    """
    middle = len(text) // 2
    match how:
        case "truncated":
            return text[:middle]
        case "not_utf8":
            return text[:middle].encode() + b"\xff" + text[middle + 1 :].encode()
        case "not_a_number" if _DECIMAL.search(text):
            return _DECIMAL.sub(_not_a_number, text)
        case _:
            return f"{text[:middle]}\0{text[middle + 1 :]}"


def _not_a_number(found: re.Match[str]) -> str:
    return '"NaN"' if found[0].startswith('"') else "NaN"
