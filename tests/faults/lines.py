"""Trouble with lines and dials. What happens to single frames is elsewhere."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from tests.faults.terms import Trouble
from tests.faults.trial import Trial
from weex_client.sandbox.fault_log import FaultKind
from weex_client.simulation import STEP_NS

STEP_SECONDS = STEP_NS / 1e9

# RFC 6455, 7.4, and what lies beyond it.
CLOSE_CODES = {
    "going away": (1000, 1001),
    "without a code": (1005, 1006, 1015),
    "the client is to blame": (1002, 1003, 1007, 1008, 1009, 1010),
    "the exchange is": (1011, 1012, 1013, 1014),
    "a code of its own": (3000, 3999, 4000, 4999),
    "a code that nobody may send": (0, 999, 1004, 1016, 2999, 5000, 65535),
}

# What a machine says that finds no way; each may pass.
_NO_WAY: tuple[Callable[[], OSError], ...] = (
    lambda: ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
    lambda: OSError(errno.EHOSTUNREACH, "No route to host"),
    lambda: socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    lambda: ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "EOF occurred in violation of protocol"),
)


def at_once(trial: Trial) -> Trouble:
    """Return trouble of this moment."""
    now = trial.now()
    return Trouble(now, now)


# Lines.


async def cut(trial: Trial, *, mid_frame: bool = False) -> Trouble:
    """Abort every socket."""
    trouble = at_once(trial)
    await trial.exchange.faults.cut(mid_frame=mid_frame)
    return trouble


async def close(trial: Trial, codes: tuple[int, ...]) -> Trouble:
    """Close every socket; runs take the codes by turns."""
    trouble = at_once(trial)
    reason = trial.random.choice(("", "going away"))
    await trial.exchange.faults.close(codes[trial.outcome.seed % len(codes)], reason)
    return trouble


async def half_open(trial: Trial, *, answer_pings: bool) -> Trouble:
    """Leave the line open for good; a new one is healthy."""
    trouble = at_once(trial)
    trial.exchange.faults.half_open(answer_pings=answer_pings)
    return trouble


async def silence(trial: Trial) -> Trouble:
    """Let nothing arrive at either end of any line there is, and tell nobody."""
    for end in trial.network.client_ends:
        end.freeze()
        end.peer.freeze()
    return at_once(trial)


async def drip(trial: Trial) -> Trouble:
    """Let bytes trickle for a while."""
    trouble = at_once(trial)
    seconds = trial.random.uniform(10.0, 60.0)
    lines = [each for each in trial.exchange.connections if not each.is_cut]
    trial.exchange.faults.drip(trial.random.choice((20.0, 200.0, 1000.0)), seconds)
    # It is over as well when all of those lines were given up.
    await trial.until(
        lambda: not set(lines) & set(trial.exchange.connections), seconds + STEP_SECONDS
    )
    trouble.ended = trial.now()
    return trouble


async def huge_frame(trial: Trial) -> Trouble:
    """Send a frame that is larger than any client should take."""
    trouble = at_once(trial)
    trial.exchange.faults.huge_frame(17 * 2**20)
    return trouble


async def large_frame(trial: Trial) -> Trouble:
    """Send a large frame that nobody knows, but no larger than is allowed."""
    trouble = at_once(trial)
    trial.exchange.faults.huge_frame(trial.random.choice((2, 1000, 10**6, 15 * 2**20)) + 15)
    return trouble


# Dials.


async def refuse_dials(trial: Trial, statuses: tuple[int, ...]) -> Trouble:
    """Answer the next dials with an HTTP status."""
    faults, random = trial.exchange.faults, trial.random
    status = random.choice(statuses)
    wait = random.choice((None, 1, 20)) if status in (429, 503) else None
    count = random.randint(1, 4)
    faults.handshake(status, retry_after=wait, count=count)
    trouble = await cut(trial)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.HANDSHAKE] == count, "a refused dial")
    trouble.ended = trial.now() + (wait or 0.0)
    return trouble


async def delay_dial(trial: Trial) -> Trouble:
    """Let the next dial wait."""
    faults = trial.exchange.faults
    faults.slow_handshake(trial.random.uniform(1.0, 25.0))
    trouble = await cut(trial)
    counts = faults.log.counts
    await trial.expect(lambda: counts[FaultKind.SLOW_HANDSHAKE] == 1, "a slow dial")
    return trouble


async def swallow_dials(trial: Trial) -> Trouble:
    """Let nobody answer dials for a while."""
    trial.network.weather.is_swallowing = True
    trouble = await cut(trial)
    await asyncio.sleep(trial.random.uniform(1.0, 30.0))
    trial.network.weather.is_swallowing = False
    trouble.ended = trial.now()
    return trouble


async def find_no_way(trial: Trial) -> Trouble:
    """Let dials fail for a while for a reason that may pass."""
    trial.network.weather.failure = trial.random.choice(_NO_WAY)
    trouble = await cut(trial)
    await asyncio.sleep(trial.random.uniform(1.0, 60.0))
    trial.network.weather.failure = None
    trouble.ended = trial.now()
    return trouble


async def distrust(trial: Trial) -> Trouble:
    """Let TLS fail for want of trust, which no further dial may be made after."""
    trial.network.weather.failure = lambda: ssl.SSLCertVerificationError(
        1, "certificate verify failed: certificate has expired"
    )
    lines = len(trial.exchange.connections)
    trouble, dials = await cut(trial), trial.network.dials
    await trial.expect(lambda: trial.has_been_told("gave_up"), "an end of the streams")
    await asyncio.sleep(60.0)
    if not 1 <= trial.network.dials - dials <= lines:  # one each
        trial.complain(f"{trial.network.dials - dials} dials to who is not trusted")
    trial.network.weather.failure = None
    trouble.ended = trial.now()
    return trouble


async def accept_and_close(trial: Trial) -> Trouble:
    """Take each new line, and close it before anything was said over it."""
    trouble, exchange = await cut(trial), trial.exchange
    how: Callable[[], Awaitable[Any]] = partial(exchange.faults.close, 1013)
    if trial.random.random() < 0.5:
        how = exchange.faults.cut
    for _ in range(trial.random.randint(1, 5)):
        await trial.expect(
            lambda: any(not each.is_cut for each in exchange.connections), "a new connection"
        )
        await how()
        trouble.ended = trial.now()
    return trouble
