"""What a venue sends that nobody understands: counted by kind, told once. What is known: codecs."""

from __future__ import annotations

import logging
from collections import Counter

from weex_client.protocol import Scope

__all__ = ["UnknownFrames"]

logger = logging.getLogger("weex_client")

# A venue that makes up kinds of frames must not make us remember them all.
_MAX_KINDS = 100


class UnknownFrames(Counter[str]):
    """Frames of no known kind, by kind.

    Args:
        venue_name: Who sends them.
        scope: Whose connection it is: an account's frames are nobody else's business, not even
            the log's.
    """

    def __init__(self, venue_name: str, scope: Scope) -> None:
        super().__init__()
        self._venue_name = venue_name
        self._shows_contents = scope is Scope.PUBLIC

    def wonder(self, kind: str, frame: bytes) -> None:
        """Count a frame, and log the first of each kind."""
        if kind not in self and len(self) >= _MAX_KINDS:
            kind = "other"
        self[kind] += 1
        if self[kind] == 1:
            begins = f" beginning {frame[:200]!r}" if self._shows_contents else ""
            logger.warning(
                "%s: a frame of no known kind (%s), %d bytes%s; counted, further ones not logged",
                self._venue_name,
                kind,
                len(frame),
                begins,
            )
