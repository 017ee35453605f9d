"""Opening tapes: what is one, what is not, and what is said of it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recording.handmade import START_NS, HandmadeTape
from weex_client.errors import TapeError
from weex_client.recording.rows import FrameRow, PartRow
from weex_client.recording.tape import (
    create_tape,
    last_id,
    open_tape,
    part_path,
    parts_of,
    reading,
)


def _filled(path: Path, frames: int = 3) -> Path:
    with HandmadeTape(path) as tape:
        line = tape.line(tape.session())
        tape.received(line, *(b"%d" % number * 300 for number in range(frames)))
    return path


def test_tape_keeps_what_was_written_and_every_entry_has_its_place(tmp_path: Path) -> None:
    with contextlib.closing(open_tape(_filled(tmp_path / "a tape?.db"))) as database:
        frames = [FrameRow(*row) for row in database.execute("SELECT * FROM frame ORDER BY id")]
        assert [frame.id for frame in frames] == [3, 4, 5]
        assert frames[1] == FrameRow(4, 2, 0, START_NS, b"1" * 300)
        assert last_id(database) == 5
        with pytest.raises(sqlite3.OperationalError):
            database.execute("DELETE FROM frame")


def test_tape_is_read_while_it_is_written(tmp_path: Path) -> None:
    with HandmadeTape(tmp_path / "tape.db") as tape:
        line = tape.line(tape.session())
        tape.database.commit()
        with contextlib.closing(open_tape(tmp_path / "tape.db")) as database:
            tape.received(line, b"new")
            tape.database.commit()
            assert database.execute("SELECT payload FROM frame").fetchall() == [(b"new",)]


def test_tape_made_twice_keeps_what_it_holds(tmp_path: Path) -> None:
    path = _filled(tmp_path / "tape.db")
    create_tape(path, PartRow(7, None, 1))
    with contextlib.closing(open_tape(path)) as database:
        assert last_id(database) == 5
        assert database.execute("SELECT * FROM part").fetchall() == [(0, None, START_NS, None)]


def _other_program(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE part (id)")


def _newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(_filled(path))) as database:
        database.execute("PRAGMA user_version = 2")


def _cut(size: int) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        path.write_bytes(_filled(path, 1000).read_bytes()[:size])

    return cut


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "there is no tape"),
        (lambda path: path.mkdir(), "cannot read"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.write_text("BTCUSDT"), "no SQLite file"),
        (_other_program, "another program's"),
        (_newer, "version 2.*update"),
        (_cut(50), "not even one page"),
        (_cut(200_000), "200,000 of its"),
    ],
)
def test_what_is_no_tape_is_refused_in_words(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "tape.db"
    make(path)
    with pytest.raises(TapeError, match=said) as caught:
        open_tape(path)
    assert caught.value.path == str(path)
    assert str(path) in str(caught.value)
    if path.is_file() and path.stat().st_size:
        with pytest.raises(TapeError):
            create_tape(path, PartRow(0, None, 1))


def test_damage_met_while_reading_is_an_error_of_the_tape(tmp_path: Path) -> None:
    path = _filled(tmp_path / "tape.db", 1000)
    content = bytearray(path.read_bytes())
    content[40_000:240_000] = b"x" * 200_000
    path.write_bytes(content)
    with (
        contextlib.closing(open_tape(path)) as database,
        pytest.raises(TapeError, match="malformed"),
        reading(path),
    ):
        database.execute("SELECT COUNT(payload) FROM frame").fetchall()


def test_parts_are_found_in_their_order(tmp_path: Path) -> None:
    first = tmp_path / "btc.usdt.db"
    assert parts_of(first) == []
    for number in (2, 0, 1, 1000):
        part_path(first, number).touch()
    (tmp_path / "btc.usdt.01.db").touch()
    (tmp_path / "btcXusdt.001.db").touch()
    assert [part.name for part in parts_of(first)] == [
        "btc.usdt.db",
        "btc.usdt.001.db",
        "btc.usdt.002.db",
        "btc.usdt.1000.db",
    ]
    first.unlink()
    assert parts_of(first)[0].name == "btc.usdt.001.db"
