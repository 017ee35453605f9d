"""How much of a fault: figures that a caller gave, checked."""

from __future__ import annotations

import math


def positive(number: float, name: str) -> float:
    """Return a number that is greater than 0.

    Raises:
        ValueError: If it is not; the text has its name.
    """
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be a positive number, not {number}")
    return number


def counted(count: int) -> int:
    """Return a count.

    Raises:
        ValueError: If it is less than 1.
    """
    if count < 1:
        raise ValueError(f"count must be 1 or more, not {count}")
    return count


def nanoseconds(seconds: float) -> int:
    """Return seconds as nanoseconds.

    Raises:
        ValueError: If they are not positive.
    """
    return round(positive(seconds, "seconds") * 1e9)
