"""Somebody else answers where the exchange is dialled: a proxy, a login page, another host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from tests.faults.lines import at_once
from tests.faults.terms import Trouble
from tests.faults.trial import Trial
from tests.simulate.world import CANARY

_DETOUR = ("detour", 8080)
_ELSEWHERE = ("elsewhere", 80)

_LOGIN_PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 19\r\n\r\n<html>Log in</html>"
)

# What stands between a machine and the network, and answers in its own words.
_NONSENSE: tuple[Callable[[Random], bytes], ...] = (
    lambda random: b"",
    lambda random: random.randbytes(random.choice((1, 100, 300_000))),
    lambda random: random.randbytes(40) + b"\r\n\r\n" + random.randbytes(40),
    lambda random: _LOGIN_PAGE,
    lambda random: b"HTTP/1.1 200",
    lambda random: b"HTTP/1.1 204 No Content\r\n\r\n",
    lambda random: b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    lambda random: b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n",
    lambda random: b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    lambda random: (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: bm9uc2Vuc2U=\r\n\r\n"
    ),
    lambda random: b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 300_000,
    lambda random: b"220 mail.example ESMTP\r\n",
)


class Host:
    """Answer each dial with the same bytes, and remember what was heard."""

    def __init__(self, answer: Callable[[], bytes], *, hangs: bool = False) -> None:
        self.heard = bytearray()
        self._answer = answer
        self._hangs = hangs

    async def listen(self, address: tuple[str, int]) -> asyncio.Server:
        """Answer dials to an address."""
        return await asyncio.start_server(self._serve, *address)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.heard += line
                if not line.strip():
                    break
            writer.write(self._answer())
            if self._hangs:
                await reader.read()
        except ConnectionError:
            pass  # whoever dialled has left
        finally:
            writer.close()


async def _divert(trial: Trial, host: Host) -> Trouble:
    """Let a host answer for the exchange for a while, to dials of both kinds."""
    server = await host.listen(_DETOUR)
    trial.network.weather.detour = _DETOUR
    trouble = at_once(trial)
    await trial.exchange.faults.cut()
    private = asyncio.create_task(trial.ask_privately())
    await asyncio.sleep(trial.random.uniform(1.0, 60.0))
    await trial.expect(lambda: bool(host.heard), "a dial")
    trial.network.weather.detour = None
    trouble.ended = trial.now()
    server.close()
    await private
    return trouble


async def answer_nonsense(trial: Trial) -> Trouble:
    """Answer what is no handshake; runs take the answers by turns."""
    nonsense = _NONSENSE[trial.outcome.seed % len(_NONSENSE)]
    hangs = trial.random.random() < 0.3
    return await _divert(trial, Host(lambda: nonsense(trial.random), hangs=hangs))


async def redirect(trial: Trial) -> Trouble:
    """Send dials to another host, which must not learn who dials."""
    status = (301, 302, 303, 307, 308)[trial.outcome.seed % 5]
    name, port = _ELSEWHERE
    head = (
        f"HTTP/1.1 {status} Go\r\nLocation: ws://{name}:{port}/v3/ws\r\nContent-Length: 0\r\n\r\n"
    )
    elsewhere, door = Host(lambda: _LOGIN_PAGE), Host(head.encode)
    server = await elsewhere.listen(_ELSEWHERE)
    trouble = await _divert(trial, door)
    server.close()
    if trial.signs_dials and CANARY.encode() not in door.heard:
        trial.complain("no dial with credentials was redirected")
    if elsewhere.heard:
        trial.complain(f"another host was dialled: {bytes(elsewhere.heard)!r}")
    return trouble
