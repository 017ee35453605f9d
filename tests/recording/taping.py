"""Record a hose and say what was written, until somebody kills us.

Run as ``python -m tests.recording.taping FILE FRAMES_PER_SECOND PART_BYTES``. Every line of the
output: how many frames were heard, and how many of them the recorder says are on the tape.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.recording.hose import HoseConnector
from weex_client.clock import SystemClock
from weex_client.errors import ConnectionLostError
from weex_client.models import ConnectionEvent
from weex_client.protocol import Channel, DialRequest, Scope, Topic
from weex_client.recording import Recorder
from weex_client.venues.weex import WeexConfig
from weex_client.websocket import WeexWebSocketClient

# A line ends now and then, so that its end is killed too.
FRAMES_PER_LINE = 7_000


async def tape(path: Path, frames_per_second: int, part_bytes: int) -> None:
    config, clock = WeexConfig(_env_file=None), SystemClock()
    hoses = HoseConnector(frames_per_second, FRAMES_PER_LINE)
    venue = WeexWebSocketClient.venue_class(config)
    async with Recorder(path, rotate_bytes=part_bytes) as recorder:
        way = recorder.wrap(venue, config, hoses, clock)
        way.carries(0, Scope.PUBLIC, Topic(Channel.TICKER, "BTCUSDT"))
        while True:
            request = DialRequest("wss://ws.example/")
            line = await way.connect(request, max_frame_bytes=1, timeout_seconds=1)
            way.happened(_event("connected"))
            try:
                while True:
                    await line.receive()
                    stats = recorder.stats()
                    sys.stdout.write(f"{stats.frames} {stats.written}\n")
                    sys.stdout.flush()
            except ConnectionLostError:
                way.happened(_event("disconnected"))


def _event(kind: str) -> ConnectionEvent:
    return ConnectionEvent(kind=kind, timestamp=SystemClock().time_ns() / 1e9, scope="public")  # type: ignore[arg-type]


if __name__ == "__main__":
    asyncio.run(tape(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
