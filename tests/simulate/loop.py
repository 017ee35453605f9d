"""An event loop whose time, network and order of tasks come from a seed: one seed is one run.

Time, in-memory sockets and the ban of everything real are async-solipsism's; the network and the
order of tasks are ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar
from unittest.mock import patch

import async_solipsism

from tests.simulate.network import Listener, Network

START_NS = 1_790_134_567_942_000_000

# A machine has been up for a while when a program starts.
_START_MONOTONIC = 40_000.0

T = TypeVar("T")


class SimulatedLoop(async_solipsism.EventLoop):
    """Run asyncio's own tasks, futures and transports in a world without surprises."""

    def __init__(self, seed: str) -> None:
        super().__init__()
        self.network = Network(self, random.Random(f"{seed}/network"))
        self.wall_jump_ns = 0  # by which somebody has set this machine's wall clock
        self._turns = random.Random(f"{seed}/turns")
        # The selector looks at every socket in every turn; its own mapping costs a lookup for each.
        sockets = self._selector._fd_to_key
        self._selector.get_map = lambda: sockets
        self._pass_time = self._selector.clock.advance
        self._selector.clock.advance = self._advance

    def _advance(self, seconds: float) -> None:
        """Let time pass in whole microseconds, and at least one: a real clock goes on by itself.

        A timer may run a hair before its time; who then waits for the hair must not do so for ever.
        """
        self._pass_time(max(1, math.ceil(round(seconds * 1e6, 3))) / 1e6)

    def block(self, seconds: float) -> None:
        """Let time pass while nothing runs, as a callback does that computes for so long."""
        self._advance(seconds)

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: Any = None,
        *,
        sock: Any = None,
        **options: Any,
    ) -> Any:
        """Dial over the simulated network."""
        if sock is None:
            sock = await self.network.dial(host, port)
        return await super().create_connection(protocol_factory, sock=sock, **options)

    async def create_server(
        self,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: Any = None,
        **options: Any,
    ) -> Any:
        """Listen on the simulated network."""
        listener = Listener(host, port)
        server = await super().create_server(protocol_factory, sock=listener, **options)
        self.network.listen(listener)
        return server

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> Any:
        """There is one thread only."""
        return self.call_soon(callback, *args, context=context)

    def _run_once(self) -> None:
        self._shuffle_tasks()
        super()._run_once()

    def _shuffle_tasks(self) -> None:
        """Let tasks that are ready run in any order; nothing but habit promises another.

        Callbacks of transports and futures keep theirs: protocols rely on it.
        """
        ready = self._ready
        if len(ready) < 2:
            return
        places = [
            place
            for place, handle in enumerate(ready)
            if isinstance(getattr(handle._callback, "__self__", None), asyncio.Task)
        ]
        if len(places) > 1 and self._turns.random() < 0.5:
            handles = [ready[place] for place in places]
            self._turns.shuffle(handles)
            for place, handle in zip(places, handles, strict=True):
                ready[place] = handle


@contextlib.contextmanager
def _simulated_clocks(loop: SimulatedLoop) -> Iterator[None]:
    """Let the standard library's clocks show the loop's time, so that all code runs unchanged."""

    def monotonic() -> float:
        return _START_MONOTONIC + loop.time()

    def time_ns() -> int:
        return START_NS + loop.wall_jump_ns + round(loop.time() * 1_000_000) * 1000

    with (
        patch.object(time, "monotonic", monotonic),
        patch.object(time, "monotonic_ns", lambda: int(monotonic() * 1e9)),
        patch.object(time, "time", lambda: time_ns() / 1e9),
        patch.object(time, "time_ns", time_ns),
    ):
        yield


@contextlib.contextmanager
def _no_chance(seed: str) -> Iterator[None]:
    """Seed the module-wide generator, and collect garbage at no moment of its own choice."""
    state = random.getstate()
    was_enabled = gc.isenabled()
    random.seed(f"{seed}/chance")
    gc.collect()
    gc.freeze()  # a run looks at what it left behind, not at the whole process
    gc.disable()
    try:
        yield
    finally:
        random.setstate(state)
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def run(seed: str, main: Callable[[SimulatedLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a program to its end in a world of its own, as fast as the processor allows."""
    loop = SimulatedLoop(seed)
    with _no_chance(seed), _simulated_clocks(loop):
        try:
            return loop.run_until_complete(main(loop))
        finally:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
