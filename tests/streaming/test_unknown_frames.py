"""Frames that nobody understands."""

from __future__ import annotations

import pytest

from weex_client.protocol import Scope
from weex_client.streaming.unknown_frames import UnknownFrames


def test_first_of_each_kind_is_logged_and_all_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    unknown = UnknownFrames("weex", Scope.PUBLIC)
    for _ in range(3):
        unknown.wonder("event 'x'", b"contents")
    assert unknown == {"event 'x'": 3}
    assert caplog.text.count("contents") == 1


def test_contents_of_an_accounts_frames_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    UnknownFrames("weex", Scope.PRIVATE).wonder("event 'x'", b"contents")
    assert "contents" not in caplog.text


def test_kinds_without_end_are_counted_together() -> None:
    unknown = UnknownFrames("weex", Scope.PUBLIC)
    for number in range(150):
        unknown.wonder(str(number), b"")
    assert len(unknown) == 101
    assert unknown["other"] == 50
