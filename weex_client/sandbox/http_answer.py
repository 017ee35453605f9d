"""HTTP answers with a JSON body, as the WebSocket server sends them before an upgrade."""

from __future__ import annotations

import json
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Response


def json_answer(status: int, content: object) -> Response:
    """Return an answer that ends the connection."""
    body = json.dumps(content, separators=(",", ":")).encode()
    headers = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
    )
    return Response(status, HTTPStatus(status).phrase, headers, body)
