"""The ledger of faults: what it keeps, forgets and counts."""

from __future__ import annotations

import logging

import pytest

from weex_client.protocol import Channel
from weex_client.sandbox.fault_log import FaultKind, FaultLog
from weex_client.sandbox.outgoing import OutgoingFrame

FRAME = OutgoingFrame("x" * 5_000, "BTCUSDT@depth15", Channel.BOOK, "BTCUSDT", (3, 7))


def test_what_is_forgotten_is_still_counted() -> None:
    log = FaultLog(limit=3)
    for number in range(5):
        log.note(FaultKind.CUT, number, "", connection=number)
    assert [record.connection for record in log] == [2, 3, 4]
    assert (len(log), log.forgotten, log.counts["cut"]) == (3, 2, 5)


def test_losses_are_told_from_what_only_happened() -> None:
    log = FaultLog()
    log.note(FaultKind.STALL, 1, "everything")
    log.note_frame(FaultKind.STALL, 2, 9, FRAME, is_loss=True)
    log.note_frame(FaultKind.REPEAT, 3, 9, FRAME)
    (loss,) = log.losses()
    assert (loss.market_time_ns, loss.connection, loss.sequences) == (2, 9, (3, 7))
    assert (loss.symbol, loss.channel) == ("BTCUSDT", "book")
    assert len(log.of("stall")) == 2
    assert len(loss.frame) == 4_096


def test_what_begins_is_logged_and_each_frame_only_for_debugging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = FaultLog()
    with caplog.at_level(logging.DEBUG, logger="weex_client.sandbox"):
        log.note(FaultKind.CLOSE, 1, "1012 restart", connection=4)
        log.note_frame(FaultKind.SKIP, 2, 4, FRAME, is_loss=True)
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert said == [
        ("INFO", "close on connection 4: 1012 restart"),
        ("DEBUG", "skip on connection 4: BTCUSDT@depth15 (3, 7)"),
    ]
