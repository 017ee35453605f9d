"""Where every draw of the market comes from: a seed spelled out, never chance."""

from __future__ import annotations

from random import Random


def seeded(name: str) -> Random:
    """Return the generator of a name; the same name draws the same numbers on every platform."""
    # The point is to repeat, not to be unguessable.
    return Random(name)  # noqa: S311
