"""A venue that is only on a tape: its addresses and tickets as ever, its data as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from weex_client.config import StreamConfig
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.faulty_socket import FaultySocket
from weex_client.sandbox.front import Front, Guest
from weex_client.sandbox.http_answer import json_answer, phrase
from weex_client.sandbox.keys import Credentials
from weex_client.sandbox.premises import Premises
from weex_client.sandbox.taped.film import Film
from weex_client.sandbox.taped.socket import TapedSocket
from weex_client.sandbox.taped.speech import Speech

__all__ = ["TapedFront"]


class TapedFront(Front):
    """Stand before a venue of the exchange: let it open lines, and play a tape over them.

    Args:
        premises: What all venues share.
        venue: The venue, for addresses, tickets and logins.
        films: What is played, by market; the key is empty where the venue has but one.
        speech: How its clients speak.
        speed: Seconds of the tape in a second.
    """

    def __init__(
        self,
        premises: Premises,
        venue: Front,
        films: Mapping[str, Film],
        speech: type[Speech],
        speed: float,
    ) -> None:
        self._premises = premises
        self._venue = venue
        self._films = films
        self._speech = speech
        self._speed = speed
        self._newest: TapedSocket | None = None

    def addresses(self) -> object:
        """Return where its clients connect."""
        return self._venue.addresses()

    def config(self, credentials: Credentials, **options: Any) -> StreamConfig:
        """Return the settings with which its client uses this exchange."""
        return self._venue.config(credentials, **options)

    def has_socket(self, path: str) -> bool:
        """Say whether a path is one of its sockets."""
        return self._venue.has_socket(path)

    def has_resource(self, path: str) -> bool:
        """Say whether an HTTP request for a path is its business."""
        return self._venue.has_resource(path)

    async def answer(self, socket: FaultySocket, request: Request) -> Response | None:
        """Answer a request as it was when the tape was recorded; None lets a socket open."""
        path = urlsplit(request.path).path
        if self.has_socket(path) or request.method == "POST":
            return await self._venue.answer(socket, request)
        time_ns = 0 if self._newest is None else self._newest.time_ns
        for film in self._films.values():
            found = film.answer(request.path, time_ns)
            if found is not None:
                row, body = found
                return _recorded(row.status or 200, body)
        return json_answer(404, {"msg": f"the tape has no answer to {path}"})

    def serve(self, connection: Connection, socket: FaultySocket) -> Guest:  # noqa: ARG002
        """Return what serves a socket that has opened."""
        film = self._films.get(self._speech.market_of(connection.path))
        feeds = () if film is None else film.feeds  # the tape has nothing of that market
        played = film or next(iter(self._films.values()))
        served = TapedSocket(connection, played, self._speech(feeds), self._speed)
        self._newest = served
        return served


def _recorded(status: int, body: bytes) -> Response:
    headers = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
    )
    return Response(status, phrase(status), headers, body)
