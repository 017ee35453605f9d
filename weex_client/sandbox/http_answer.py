"""HTTP answers with a JSON body, as the WebSocket server sends them before an upgrade."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Mapping
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Response


def phrase(status: int) -> str:
    """Return what an HTTP status is called; some gateways have their own."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def json_answer(
    status: int, content: object, more_headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer that ends the connection."""
    body = json.dumps(content, separators=(",", ":")).encode()
    headers = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Date": email.utils.formatdate(usegmt=True),
            "Connection": "close",
            **(more_headers or {}),
        }
    )
    return Response(status, phrase(status), headers, body)
