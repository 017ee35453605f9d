"""What waits for the tape: each frame once, in order, or in a hole that says how many."""

from __future__ import annotations

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from weex_client.recording.backlog import Backlog
from weex_client.recording.rows import EventRow, HoleRow, LineRow, Row

LIMIT = 20_000


class Noting(RuleBasedStateMachine):
    """Note at random, let writing fail or not at random, and count with it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.woken = 0
        self.backlog = Backlog(7, lambda: self.now, self._wake, LIMIT)
        self.given: dict[int, bytes] = {}
        self.open: dict[int, LineRow] = {}
        self.tape: dict[int, tuple[int, bytes]] = {}
        self.rows: dict[tuple[type[Row], int], Row] = {}
        self.fails = False

    def _wake(self) -> None:
        self.woken += 1

    @rule(count=st.integers(1, 40), size=st.integers(0, 300), is_sent=st.booleans())
    def hear(self, count: int, size: int, is_sent: bool) -> None:
        self.now += 1
        first = self.backlog.place() + 1
        frames = [b"%d " % (first + each) + b"x" * size for each in range(count)]
        if is_sent:
            frames = frames[:1]
            self.backlog.say(1, frames[0], round(self.now))
        else:
            self.backlog.hear(1, frames, round(self.now), None)
        self.given |= dict(enumerate(frames, first))

    @rule(count=st.integers(1, 10))
    def events(self, count: int) -> None:
        for _ in range(count):
            self.backlog.note(
                EventRow(self.backlog.place(), 1, 1, "gap", "public", None, None, "{}")
            )

    @rule()
    def begin(self) -> None:
        row = LineRow(self.backlog.place(), 1, 0, "public", "wss://", 1)
        self.open[row.id] = row
        self.backlog.begin(row)

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        if self.open:
            place = data.draw(st.sampled_from(sorted(self.open)))
            self.backlog.end(self.open.pop(place)._replace(closed_id=self.backlog.place()))

    @rule(fails=st.booleans())
    def write(self, fails: bool) -> None:
        load = self.backlog.take()
        if load is None:
            assert self.backlog.since is None
            return
        assert load.since == self.backlog.since
        if fails:
            return
        lists = list(load.frame_values(7))
        assert all(len(values) == 35 for values in lists[:-1])
        values = iter(itertools.chain.from_iterable(lists))
        for place, _, is_sent, _, frame in zip(*[values] * 5, strict=True):
            assert place not in self.tape
            self.tape[place] = is_sent, frame
        self.rows |= load.rows
        self.backlog.written_all()

    @invariant()
    def nothing_is_lost_uncounted(self) -> None:
        backlog = self.backlog
        assert backlog.frames == len(self.given)
        assert backlog.written == len(self.tape)
        assert backlog.written + backlog.waiting + backlog.dropped == backlog.frames
        assert all(self.given[place] == frame for place, (_, frame) in self.tape.items())
        # A row that says what is missing is written over the limit, and nothing else.
        assert 0 <= backlog.waiting_bytes <= LIMIT * 1.125 + 500
        assert {row.id for row in backlog.lasting()} == set(self.open)

    def teardown(self) -> None:
        self.write(fails=False)
        self.write(fails=False)
        missing = self.given.keys() - self.tape.keys()
        holes = [row for row in self.rows.values() if isinstance(row, HoleRow)]
        assert sum(hole.frames for hole in holes) == len(missing) == self.backlog.dropped
        assert sum(hole.bytes for hole in holes) == sum(len(self.given[each]) for each in missing)
        assert all(hole.id in missing for hole in holes)
        # What lasts is on the tape, be it that its beginning was dropped.
        on_tape = {key[1] for key in self.rows if key[0] is LineRow}
        assert set(self.open) <= on_tape
        assert self.backlog.take() is None
        assert self.backlog.waiting_bytes == 0


TestNoting = Noting.TestCase
TestNoting.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_much_at_once_calls_for_the_writer() -> None:
    calls: list[None] = []
    backlog = Backlog(1, lambda: 0.0, lambda: calls.append(None))
    for _ in range(20):
        backlog.hear(1, [b"x" * 1024 * 1024], 1, None)
    assert len(calls) == 1
    backlog.take()
    backlog.written_all()
    backlog.hear(1, [b"x" * 9 * 1024 * 1024], 1, None)
    assert len(calls) == 2


def test_many_frames_call_for_the_writer_once() -> None:
    calls: list[None] = []
    backlog = Backlog(1, lambda: 0.0, lambda: calls.append(None))
    for number in range(1, 401):
        backlog.hear(1, [b"x"], 1, None)
        assert len(calls) == (number >= 200)
    backlog.take()
    backlog.written_all()
    backlog.hear(1, [b"x"] * 250, 1, None)
    assert len(calls) == 2


def test_what_comes_after_the_end_is_counted_as_lost() -> None:
    backlog = Backlog(1, lambda: 0.0, lambda: None)
    backlog.hear(1, [b"a", b"b"], 1, None)
    backlog.shut()
    backlog.hear(1, [b"c"], 1, None)
    assert (backlog.frames, backlog.dropped, backlog.waiting, backlog.take()) == (3, 3, 0, None)
