"""The server, in its own process: answers SUBSCRIBE as the venue does, then floods or paces.

All connections whose address has the same first path segment are one run; frames go out when
every stream of the load is subscribed to and the client has said go on the ``board``.
"""

import asyncio
import gc
import json
import sys
from pathlib import Path
from time import perf_counter_ns

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from .board import FINISHED, FIRST_SEND_TIME, GO, READY, STARTED, Board
from .frames import FIRST_TIME_MS, Reel, wind, wrap
from .load import Load, stream_names
from .machine import pin_to_core

# Large enough that a write costs nothing per frame, small enough that ten connections take turns.
CHUNK_BYTES = 256 * 1024

# How often a paced run lets the loop answer pings; one turn costs less than a frame's time.
FRAMES_PER_BREATH = 500

GO_POLL_SECONDS = 0.001
GREETING = wrap(
    '{"cid":"a0180647-e051-760c-35ca-e4d7d3522440","event":"connected"'
    f',"time":"{FIRST_TIME_MS - 2}"}}'
)


class Connection:
    """Serve one WebSocket: handshake, answers, and what it is subscribed to."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.streams: set[str] = set()
        self.run = ""
        self._protocol = ServerProtocol()

    def digest(self, data: bytes, reel: Reel) -> None:
        """Take what was read, answer it, and note new subscriptions; no data is the end."""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self.run = event.path.split("/")[1]
                self._protocol.send_response(self._protocol.accept(event))
                self._flush()
                self.writer.write(GREETING)
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._answer(json.loads(bytes(event.data)), reel)
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self.writer.write(data)
            elif self.writer.can_write_eof():
                self.writer.write_eof()

    def _answer(self, request: dict[str, object], reel: Reel) -> None:
        if request["method"] == "PONG":
            return
        self.writer.write(wrap(json.dumps({"result": True, "id": request.get("id")})))
        params = request.get("params")
        names = [str(name) for name in params] if isinstance(params, list) else []
        if request["method"] == "SUBSCRIBE":
            self.streams.update(names)
            self.writer.writelines(reel.snapshots[name] for name in names if name in reel.snapshots)
        elif request["method"] == "UNSUBSCRIBE":
            self.streams.difference_update(names)


class Server:
    """Own the connections, and send a load's frames once for each run."""

    def __init__(self, load: Load, board: Board, tasks: asyncio.TaskGroup) -> None:
        self._load = load
        self._board = board
        self._tasks = tasks
        self._wanted = set(stream_names(load))
        self._connections: set[Connection] = set()
        self._served: set[str] = set()
        self.reel = wind(load)

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        connection = Connection(writer)
        self._connections.add(connection)
        try:
            while data := await reader.read(65_536):
                connection.digest(data, self.reel)
                self._start_run(connection.run)
            connection.digest(b"", self.reel)
        except ConnectionError:
            pass  # the client ended first, as it may
        finally:
            self._connections.discard(connection)
            writer.close()

    def _start_run(self, run: str) -> None:
        members = [member for member in self._connections if member.run == run]
        held = set().union(*(member.streams for member in members))
        if run not in self._served and held >= self._wanted:
            self._served.add(run)
            self._tasks.create_task(self._send(members))

    async def _send(self, members: list[Connection]) -> None:
        slots = self._board.slots
        shares = {member: self._share(member) for member in members if member.streams}
        slots[READY] = 1
        while not slots[GO]:
            if not self._connections.issuperset(shares):
                return
            await asyncio.sleep(GO_POLL_SECONDS)
        slots[STARTED] = perf_counter_ns()
        try:
            async with asyncio.TaskGroup() as senders:
                for member, frames in shares.items():
                    send = self._pace if self._load.frames_per_second else self._flood
                    senders.create_task(send(member.writer, frames))
        except* ConnectionError:
            pass  # the client ended first: it says itself what it got
        slots[FINISHED] = perf_counter_ns()

    def _share(self, member: Connection) -> list[bytes]:
        frames = self.reel.frames_of(member.streams)
        return frames if self._load.frames_per_second else chunks(frames)

    async def _flood(self, writer: asyncio.StreamWriter, frames: list[bytes]) -> None:
        for chunk in frames:
            writer.write(chunk)
            await writer.drain()

    async def _pace(self, writer: asyncio.StreamWriter, frames: list[bytes]) -> None:
        """Send each frame in its moment; the core is this process's own, so it spins."""
        if len(frames) != len(self.reel.frames):
            raise RuntimeError("a paced load needs all its streams on one connection")
        slots = self._board.slots
        period_ns = 10**9 // self._load.frames_per_second
        due = perf_counter_ns() + period_ns
        for number, frame in enumerate(frames):
            while (now := perf_counter_ns()) < due:
                pass
            slots[FIRST_SEND_TIME + number] = now
            writer.write(frame)
            # Being late (the system ran something else here) must not become a burst.
            due = max(due + period_ns, now)
            if writer.transport.get_write_buffer_size():
                await writer.drain()
            elif number % FRAMES_PER_BREATH == 0:
                await asyncio.sleep(0)


def chunks(frames: list[bytes]) -> list[bytes]:
    """Join frames into pieces of about ``CHUNK_BYTES``, never cutting one."""
    joined: list[bytes] = []
    waiting: list[bytes] = []
    size = 0
    for frame in frames:
        waiting.append(frame)
        size += len(frame)
        if size >= CHUNK_BYTES:
            joined.append(b"".join(waiting))
            waiting, size = [], 0
    return [*joined, b"".join(waiting)] if waiting else joined


async def serve(load: Load, board: Board) -> None:
    """Serve on loopback until standard input closes; the first line out says where."""
    async with asyncio.TaskGroup() as tasks:
        server = Server(load, board, tasks)
        listener = await asyncio.start_server(server.attend, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        facts = {"port": port, "frames_by_stream": server.reel.frames_by_stream()}
        facts["bytes"] = sum(map(len, server.reel.frames))
        print(json.dumps(facts), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        listener.close()


def main() -> None:
    """Read the load from the first line of standard input, and serve it."""
    order = json.loads(sys.stdin.readline())
    pin_to_core(order["core"])
    gc.disable()  # a collection over all prebuilt frames would be a pause in a steady pace
    with Board(Path(order["board"])) as board:
        asyncio.run(serve(Load(**order["load"]), board))


if __name__ == "__main__":
    main()
