"""The embedded exchange with a tape for a market. What of it is a tape's, the fronts say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weex_client.errors import TapeError
from weex_client.recording.catalogue import Catalogue
from weex_client.recording.contents import Contents
from weex_client.sandbox.exchange import SandboxExchange
from weex_client.sandbox.front import Front
from weex_client.sandbox.fronts import FRONTS
from weex_client.sandbox.premises import Premises
from weex_client.sandbox.taped.film import Film
from weex_client.sandbox.taped.front import TapedFront
from weex_client.sandbox.taped.speech import SPEECHES

__all__ = ["TapeExchange"]


class TapeExchange(SandboxExchange):
    """Serve what was recorded to any client of the venues that it was recorded from.

    Each connection gets the tape from its start, as far as it subscribes to what is on it. Faults
    and their log work as on any embedded exchange; accounts are not traded.

    Args:
        tape: What a recorder has written.
        host: Where to listen.
        port: Which port; 0 for a free one.
        speed: Seconds of the tape in a second.
        **options: As for ``SandboxExchange``.

    Raises:
        TapeError: If it is no tape, or has nothing.
    """

    def __init__(
        self,
        tape: str | Path,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        **options: Any,
    ) -> None:
        super().__init__(host=host, port=port, house_trader=False, **options)
        self._pace = speed
        contents = Contents(tape)
        catalogue = Catalogue(contents)
        markets: dict[str, dict[str, list[int]]] = {}
        for session, row in contents.sessions.items():
            if catalogue.offers(session):
                found = markets.setdefault(row.venue, {})
                found.setdefault(row.market or "", []).append(session)
        if not markets:
            raise TapeError(f"{tape} has no streams: nothing was recorded in it", path=str(tape))
        self._films = {
            venue: {
                market: Film(contents, catalogue, sessions) for market, sessions in found.items()
            }
            for venue, found in markets.items()
        }

    def _make_fronts(self, premises: Premises) -> Mapping[str, Front]:
        """Return the venues that the tape has."""
        return {
            name: TapedFront(
                premises, front(premises), self._films[name], SPEECHES[name], self._pace
            )
            for name, front in FRONTS.items()
            if name in self._films
        }
