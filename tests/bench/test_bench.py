"""Test the parts of the benchmark that need no clock: the frames, the figures, the tables.

No test here asserts how fast anything is; ``python -m tests.bench --quick`` runs the rest.
"""

import json
from collections import Counter
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from .frames import FIRST_TIME_MS, LEVELS, Reel, wind, wrap
from .job import Contender, Outcome, percentiles
from .load import MIXED_PERCENT, Load, stream_names, symbol_names
from .measure import Result
from .plan import BARE, DRAIN, VIEWS, groups
from .report import END_MARK, START_MARK, Table, disturbance, rewritten, tables, verdicts
from .server import CHUNK_BYTES, chunks

# The key order of tests/venues/weex/frames/contract-{depth,trade,ticker}.jsonl.
DEPTH_KEYS = ["e", "E", "s", "U", "u", "l", "d", "b", "a"]
ENVELOPE_KEYS = ["e", "E", "s", "d"]
TRADE_KEYS = ["T", "t", "p", "q", "v", "m"]
TICKER_KEYS = ["p", "P", "w", "c", "o", "h", "l", "v", "q", "O", "C", "n", "m", "i"]

MIXED = Load(name="mixed", percent=MIXED_PERCENT, symbols=3, frames=1_500)


@pytest.fixture(scope="module")
def reel() -> Reel:
    return wind(MIXED)


def payload(frame: bytes) -> dict[str, Any]:
    """Read a wrapped frame, as long as it has the two- or the four-byte head."""
    text = frame[4:] if frame[1] == 126 else frame[2:]
    decoded: dict[str, Any] = json.loads(text)
    return decoded


def payloads(reel: Reel, kind: str) -> list[dict[str, Any]]:
    return [frame for frame in map(payload, reel.frames) if frame["e"] == kind]


def result(contender: Contender, seconds: float, delivered: int = 1_500) -> Result:
    outcome = Outcome(expected=1_500, delivered=delivered, seconds=seconds, cpu_seconds=seconds)
    return Result(MIXED, contender, [outcome])


def test_frames_have_the_keys_of_the_venue_in_its_order(reel: Reel) -> None:
    for frame in payloads(reel, "depth") + [payload(one) for one in reel.snapshots.values()]:
        assert list(frame) == DEPTH_KEYS
    for kind, keys in (("trade", TRADE_KEYS), ("ticker", TICKER_KEYS)):
        for frame in payloads(reel, kind):
            assert list(frame) == ENVELOPE_KEYS
            (item,) = frame["d"]
            assert list(item) == keys


def test_frames_are_spelled_without_spaces(reel: Reel) -> None:
    for frame in reel.frames:
        assert b" " not in frame[4:]
        assert json.dumps(payload(frame), separators=(",", ":")).encode() == frame[4:]


def test_books_fold_to_full_uncrossed_windows(reel: Reel) -> None:
    for stream, snapshot in reel.snapshots.items():
        whole = payload(snapshot)
        sides: dict[str, dict[str, str]] = {key: dict(whole[key]) for key in "ba"}
        last = whole["u"]
        for frame in (payload(one) for one in reel.frames_of({stream})):
            assert frame["U"] == last
            last = frame["u"]
            for key, side in sides.items():
                for price, size in frame[key]:
                    if size == "0":
                        del side[price]
                    else:
                        side[price] = size
            assert [len(side) for side in sides.values()] == [LEVELS, LEVELS]
            assert max(map(float, sides["b"])) < min(map(float, sides["a"]))


def test_a_book_change_is_of_twenty_levels(reel: Reel) -> None:
    for frame in payloads(reel, "depth"):
        assert 20 <= len(frame["b"]) + len(frame["a"]) <= 40
    counts = [len(frame["b"]) + len(frame["a"]) for frame in payloads(reel, "depth")]
    assert sum(counts) / len(counts) == pytest.approx(20, abs=1)


def test_levels_of_a_change_are_best_first(reel: Reel) -> None:
    for frame in payloads(reel, "depth"):
        bids, asks = ([float(price) for price, _ in frame[key]] for key in "ba")
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)


def test_no_trade_id_comes_twice(reel: Reel) -> None:
    names = [frame["d"][0]["t"] for frame in payloads(reel, "trade")]
    assert len(set(names)) == len(names)


def test_the_time_of_a_frame_says_which_frame_it_is(reel: Reel) -> None:
    stamps = [payload(frame)["E"] for frame in reel.frames]
    assert stamps == list(range(FIRST_TIME_MS, FIRST_TIME_MS + MIXED.frames))


def test_kinds_come_in_the_shares_of_the_load(reel: Reel) -> None:
    counts = Counter(str(payload(frame)["e"]) for frame in reel.frames)
    for kind, percent in MIXED_PERCENT.items():
        assert counts[kind] / MIXED.frames == pytest.approx(percent / 100, abs=0.05)
    assert set(reel.streams) == set(stream_names(MIXED))


def test_the_same_load_gives_the_same_frames(reel: Reel) -> None:
    assert wind(MIXED) == reel


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_wrapping_spells_the_length_as_the_rfc_does(length: int, head: bytes) -> None:
    assert wrap("x" * length) == head + b"x" * length


def test_chunks_keep_every_frame_whole_and_in_order() -> None:
    frames = [bytes([number % 256]) * 1_000 for number in range(1_000)]
    joined = chunks(frames)
    assert b"".join(joined) == b"".join(frames)
    assert {len(chunk) % 1_000 for chunk in joined} == {0}
    assert max(map(len, joined)) < CHUNK_BYTES + 1_000
    assert chunks([]) == []


def test_symbols_are_distinct_however_many() -> None:
    assert symbol_names(2) == ["BTCUSDT", "ETHUSDT"]
    assert len(set(symbol_names(1_000))) == 1_000


def test_percentiles_are_in_microseconds() -> None:
    assert percentiles([number * 1_000 for number in range(1_001)]) == [500.0, 990.0, 999.0]
    assert all(map(isnan, percentiles([])))


@pytest.mark.parametrize(("delivered", "dropped"), [(9, 0), (11, 0), (10, 1)])
def test_a_lost_or_repeated_message_makes_a_run_incomplete(delivered: int, dropped: int) -> None:
    assert Outcome(expected=10, delivered=10).is_complete
    assert not Outcome(expected=10, delivered=delivered, dropped=dropped).is_complete


def test_verdicts_judge_rates_and_completeness() -> None:
    good = [result(BARE, 1.0), result(VIEWS, 2.0), result(DRAIN, 0.1)]
    assert [(verdict.measured, verdict.is_met) for verdict in verdicts(good)] == [
        ("0 of 3", True),
        ("0.50", True),
        ("10.0", True),
    ]
    bad = [result(BARE, 1.0), result(VIEWS, 4.0, delivered=1_499), result(DRAIN, 0.5)]
    assert [(verdict.measured, verdict.is_met) for verdict in verdicts(bad)] == [
        ("1 of 3", False),
        ("0.25", False),
        ("2.0", False),
    ]


def test_a_bare_loop_that_waited_for_its_core_is_reported() -> None:
    assert disturbance([result(BARE, 1.0), result(VIEWS, 2.0)]) == ""
    outcome = Outcome(expected=1, delivered=1, seconds=2.0, cpu_seconds=1.0)
    assert "50%" in disturbance([Result(MIXED, BARE, [outcome])])


def test_each_load_is_held_to_its_own_bare_loop() -> None:
    entries = [entry for group in groups().values() for entry in group]
    assert all(entry.contenders[0].program == "bare" for entry in entries)
    names = [entry.load.name for entry in entries]
    assert len(set(names)) == len(names)


def test_text_tables_align_names_left_and_figures_right() -> None:
    table = Table("Title", ("load", "reader", "frames/s"), [("mixed", "a", "1"), ("m", "bb", "22")])
    assert table.as_text().splitlines() == [
        "Title",
        "  load   reader  frames/s",
        "  mixed  a              1",
        "  m      bb            22",
    ]


def test_writing_replaces_only_what_is_between_the_marks() -> None:
    results = [result(BARE, 1.0), result(VIEWS, 2.0)]
    page = f"before\n\n{START_MARK}\n\nold\n\n{END_MARK}\n\nafter\n"
    written = rewritten(page, results, "a machine")
    assert written.startswith(f"before\n\n{START_MARK}\n\nMeasured on a machine.\n")
    assert written.endswith(f"\n{END_MARK}\n\nafter\n")
    assert "old" not in written
    assert all(table.as_rst() in written for table in tables(results))
    assert rewritten(written, results, "a machine") == written


def test_writing_refuses_a_page_without_marks() -> None:
    with pytest.raises(ValueError, match="the page has no"):
        rewritten("a page", [result(BARE, 1.0)], "a machine")


def test_the_page_of_the_documentation_has_the_marks() -> None:
    page = (Path(__file__).parents[2] / "docs" / "benchmark.rst").read_text(encoding="utf-8")
    assert page.index(START_MARK) < page.index(END_MARK)
