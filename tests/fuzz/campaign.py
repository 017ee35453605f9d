"""So many bad frames into every session; then memory, and whether good frames are still served."""

from __future__ import annotations

import gc
import itertools
import logging
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target, targets
from weex_client.protocol import Channel, Scope

# Trades' ids, latencies, kinds of frames and pydantic's short strings (1 MB) are remembered, all of
# them up to a limit. Of 200,000 frames, 80 bytes kept of each would be more than this.
GROWTH_BYTES = 2_000_000

_FRAMES_AT_ONCE = 20


def feed(target: Target, frames: Iterator[bytes], count: int) -> None:
    """Put so many frames into a session, some of them together."""
    for start in range(0, count, _FRAMES_AT_ONCE):
        few = list(itertools.islice(frames, min(_FRAMES_AT_ONCE, count - start)))
        try:
            target.put(few)
        except Exception as exc:
            # One of them alone, so that the report names it.
            raise AssertionError(f"{exc!r} among {few!r}") from exc
        if start % 5000 == 0:
            target.reconnect()


def serves(target: Target, frames: Sequence[bytes]) -> list[str]:
    """Return the topics of which good frames are not delivered any more."""
    target.put([], seconds=400.0)
    # The same trades come once to the same feed.
    target.renew(topic for topic in target.readers if topic.channel is Channel.TRADES)
    target.reconnect()
    before = {topic: reader.count for topic, reader in target.readers.items()}
    target.put(frames)
    return [str(topic) for topic, reader in target.readers.items() if reader.count == before[topic]]


def run_campaign(seed: int, count: int) -> Iterator[tuple[str, int, int]]:
    """Fuzz every session with its share of ``count`` frames.

    Yields:
        The venue and scope, the frames it got, and the bytes it grew in the second half.

    Raises:
        AssertionError: If a session raises, grows, or serves no more.
    """
    every = targets()
    share = -(-count // len(every))
    with _quiet_log():
        yield from _run(every, seed, share)


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Keep thousands of warnings, one for each new kind of nonsense, to ourselves."""
    logger = logging.getLogger("weex_client")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _run(
    every: Sequence[tuple[str, Target, list[bytes]]], seed: int, share: int
) -> Iterator[tuple[str, int, int]]:
    for number, (name, target, frames) in enumerate(every):
        fresh = set(serves(target, frames))  # what needs more than a fixture to be delivered
        bad = mutated(frames, Random(f"{seed}/{number}"))
        label = f"{name} {target.session.scope} {len(target.readers)} topics"
        feed(target, bad, share // 2)
        gc.collect()
        tracemalloc.start()
        feed(target, bad, share - share // 2)
        gc.collect()
        growth, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        silent = set(serves(target, frames)) - fresh
        if target.session.scope is Scope.PRIVATE:
            silent.clear()  # what an account's feed was told already is no news, by design
        assert not silent, f"{label}: nothing is delivered any more of {silent}"
        assert growth < GROWTH_BYTES, f"{label}: {growth} bytes more after {share // 2} frames"
        assert len(target.session.unknown) <= 101, f"{label}: too many kinds are remembered"
        yield label, share, growth
