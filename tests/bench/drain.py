"""Read bytes and throw them away: how fast the server is when its reader does nothing.

A run of this proves that the server is not what the other programs wait for.
"""

import asyncio
import json

from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from .board import Board
from .job import Job, Outcome, Stopwatch

READ_BYTES = 1024 * 1024


async def run(job: Job, board: Board) -> Outcome:
    """Subscribe to everything on one connection and read until as many bytes have come."""
    uri = parse_uri(job.url)
    reader, writer = await asyncio.open_connection(uri.host, uri.port, limit=READ_BYTES)
    protocol = ClientProtocol(uri)
    protocol.send_request(protocol.connect())
    _flush(protocol, writer)
    protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
    request = {"method": "SUBSCRIBE", "params": list(job.frames_by_stream), "id": 1}
    protocol.send_text(json.dumps(request).encode())
    _flush(protocol, writer)
    watch = Stopwatch(board)
    await watch.wait_until_ready()
    await _read_pending(reader)
    watch.go()
    left = job.bytes
    while left > 0 and (data := await reader.read(READ_BYTES)):
        left -= len(data)
    watch.stop()
    writer.close()
    return Outcome(
        expected=job.frames(),
        delivered=job.frames() if left == 0 else 0,
        seconds=watch.seconds,
        cpu_seconds=watch.cpu_seconds,
    )


def _flush(protocol: ClientProtocol, writer: asyncio.StreamWriter) -> None:
    writer.writelines(protocol.data_to_send())


async def _read_pending(reader: asyncio.StreamReader) -> None:
    """Read the greeting, the ack and the snapshots, all of which have come by now."""
    try:
        while True:
            async with asyncio.timeout(0.05):
                await reader.read(READ_BYTES)
    except TimeoutError:
        return
