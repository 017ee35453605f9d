"""Seeds of the simulation, and whether it repeats itself and would notice a broken client."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulate.account import AccountWorld, SimulatedWay
from tests.simulate.faults import FAULTS
from tests.simulate.tamper import TamperedWay
from tests.simulate.venue_witness import begun
from tests.simulate.venue_world import world_of
from tests.simulate.world import CANARY, Report, simulate
from weex_client import WeexWebSocketClient
from weex_client.models import Message, trusted
from weex_client.streaming.budget import Budgets
from weex_client.streaming.mailbox import Mailbox
from weex_client.websocket import VENUES

# The other 450 of ``nox -s simulate`` are of the same kind.
SEEDS = 50
SHORT_SECONDS = 120.0


@pytest.mark.parametrize("seed", range(SEEDS))
def test_ten_minutes_of_trouble_leave_nothing_wrong(seed: int) -> None:
    report = simulate(seed)
    assert not report.violations, str(report)
    assert report.counts["messages"] > 1000


# ``python -m tests.simulate --account --seeds 200 --seconds 300`` runs more of them.
@pytest.mark.parametrize("seed", range(4))
def test_no_trouble_loses_or_repeats_a_fill_or_the_last_word_on_an_order(seed: int) -> None:
    report = simulate(seed, seconds=300.0, kind=AccountWorld)
    assert not report.violations, str(report)
    assert report.counts["fills"] > 10
    assert report.counts["reconnects"] > 2


# ``python -m tests.simulate --venue all`` runs more and longer ones.
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", [each for each in VENUES if each != "weex"])
def test_no_venue_is_wrong_in_trouble(name: str, seed: int) -> None:
    report = simulate(seed, seconds=SHORT_SECONDS, kind=world_of(name))
    assert not report.violations, str(report)
    assert report.counts["messages"] > 50


def in_another_process(seed: int, hash_seed: str) -> str:
    program = (
        "from tests.simulate.world import simulate;"
        f"print(simulate({seed}, seconds={SHORT_SECONDS}).digest)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


@pytest.mark.parametrize("seed", [3, 11])
def test_one_seed_is_one_run_in_this_process_and_in_others(seed: int) -> None:
    digest = simulate(seed, seconds=SHORT_SECONDS).digest
    assert simulate(seed, seconds=SHORT_SECONDS).digest == digest
    assert {in_another_process(seed, "1"), in_another_process(seed, "2")} == {digest}


def test_another_seed_is_another_run() -> None:
    digests = {simulate(seed, seconds=30.0).digest for seed in range(3)}
    assert len(digests) == 3


def test_a_failing_seed_says_how_to_repeat_it() -> None:
    report = Report(17, violations=["at 3.000 s: a crossed book"])
    assert "python -m tests.simulate --seed 17" in str(report)
    assert "a crossed book" in str(report)


@pytest.mark.parametrize("name", FAULTS)
def test_every_kind_of_trouble_is_drawn(name: str) -> None:
    assert FAULTS[name].weight > 0


# A client that is broken on purpose, between its transport and its session.


def every(count: int, kind: bytes, change: Any) -> Any:
    """Change every so many frames of a kind."""
    seen = 0

    def changed(frame: bytes) -> list[bytes]:
        nonlocal seen
        if not frame.startswith(b'{"e":"' + kind + b'"'):
            return [frame]
        seen += 1
        return change(frame) if seen % count == 0 else [frame]

    return changed


def other_size(frame: bytes) -> list[bytes]:
    head, mark, tail = frame.rpartition(b'"]')
    return [head + b"1" + mark + tail]


BROKEN = {
    "a lost trade": (every(20, b"trade", lambda frame: []), "are missing"),
    "a wrong size in a book": (every(20, b"depth", other_size), "wrong book"),
    "a candle that is not told": (every(3, b"kline", lambda frame: []), "wrong for good"),
    "tickers in another order": (
        every(20, b"ticker", lambda frame: [frame, frame.replace(b'"E":179', b'"E":178')]),
        "time goes back",
    ),
}


def lost(count: int, kind: bytes) -> Any:
    """Lose every so many frames in which something stands."""
    seen = 0

    def changed(frame: bytes) -> list[bytes]:
        nonlocal seen
        seen += kind in frame
        return [] if kind in frame and seen % count == 0 else [frame]

    return changed


def doubled(frame: bytes) -> list[bytes]:
    return [frame, frame] if b'"liquidation"' in frame else [frame]


def larger(frame: bytes) -> list[bytes]:
    return [frame.replace(b'"remaining_size":"', b'"remaining_size":"1')]


BROKEN_VENUES = {
    "a lost trade": ("kucoin", lost(5, b'"trade.l3match"'), "are missing"),
    "lost news": ("smartmoney", lost(5, b'"liquidation"'), "are missing"),
    "news that come twice": ("smartmoney", doubled, "comes twice"),
    "a wrong size of an order": ("coinbase", larger, "wrong queues"),
    "a lost change of a book": ("coinbase", lost(5, b'"l2update"'), "wrong book"),
}


@pytest.mark.parametrize("what", BROKEN_VENUES)
def test_a_client_of_any_venue_that_is_broken_is_noticed(what: str) -> None:
    name, change, words = BROKEN_VENUES[what]
    assert any(
        words in text
        for seed in range(4)
        for text in simulate(
            seed,
            seconds=SHORT_SECONDS,
            kind=world_of(name),
            disturb=lambda way: TamperedWay(way, change),
        ).violations
    )


def test_a_book_that_a_reader_joins_goes_back_to_the_venues_own_word() -> None:
    """What was altered in silence before he came is in it (Coinbase, seed 106)."""
    shown = trusted(Message[Any], {"timestamp": 30.0})
    assert begun(shown, [5.0, 12.0, 31.0]) == 12.0
    assert begun(shown, [31.0]) == 30.0  # an old book, sent late


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_client_is_noticed(name: str) -> None:
    change, words = BROKEN[name]
    assert any(
        words in text
        for seed in range(4)
        for text in simulate(
            seed, seconds=300, disturb=lambda way: TamperedWay(way, change)
        ).violations
    )


class BlindWorld(AccountWorld):
    """A client that does not look back."""

    def _make_client(self) -> WeexWebSocketClient:
        super()._make_client()
        self.config = self.config.model_copy(update={"seed_private": False})
        return WeexWebSocketClient(self.config, connector=SimulatedWay(), budgets=Budgets())


def test_a_client_that_does_not_read_what_it_missed_is_noticed() -> None:
    violations = simulate(1, seconds=300.0, kind=BlindWorld).violations
    for words in ("was never told", "the last word on order"):
        assert any(words in text for text in violations), words


def test_a_secret_in_the_log_is_noticed() -> None:
    def leak(frame: bytes) -> list[bytes]:
        logging.getLogger("weex_client").debug("dialling with %s", CANARY)
        return [frame]

    report = simulate(0, seconds=30.0, disturb=lambda way: TamperedWay(way, leak))
    assert any("a secret is in the log of weex_client" in text for text in report.violations)


def test_a_task_that_is_left_is_noticed() -> None:
    kept: list[Any] = []

    def leave_a_task(frame: bytes) -> list[bytes]:
        if not kept:
            kept.append(asyncio.ensure_future(asyncio.Event().wait()))
        return [frame]

    report = simulate(0, seconds=30.0, disturb=lambda way: TamperedWay(way, leave_a_task))
    assert any("tasks are left" in text for text in report.violations)


def test_a_mailbox_that_is_left_is_noticed() -> None:
    kept: list[Any] = []

    def keep_mailboxes(frame: bytes) -> list[bytes]:
        if not kept:
            kept.extend(each for each in gc.get_objects() if isinstance(each, Mailbox))
        return [frame]

    report = simulate(0, seconds=30.0, disturb=lambda way: TamperedWay(way, keep_mailboxes))
    assert any("mailboxes are left" in text for text in report.violations)
