"""What damage does to a frame."""

from __future__ import annotations

import json

import pytest

from weex_client.sandbox.damage import DAMAGES, damaged

FRAME = '{"e":"depth","E":1788692610000,"s":"BTCUSDT","b":[["79979.8","2.8356"],["79979.7","0"]]}'


@pytest.mark.parametrize("how", ["garbled", "truncated"])
def test_broken_frames_are_no_json(how: str) -> None:
    with pytest.raises(ValueError, match="char"):
        json.loads(damaged(FRAME, "garbled" if how == "garbled" else "truncated"))


def test_decimals_become_nan_and_all_else_stays() -> None:
    assert json.loads(damaged(FRAME, "not_a_number")) == {
        **json.loads(FRAME),
        "b": [["NaN", "NaN"], ["NaN", "0"]],
    }


def test_a_frame_without_decimals_is_garbled_instead() -> None:
    ping = '{"event":"ping","time":"1788692610000"}'
    assert damaged(ping, "not_a_number") == damaged(ping, "garbled")


def test_bytes_that_are_no_text_cannot_be_read() -> None:
    hurt = damaged(FRAME, "not_utf8")
    assert isinstance(hurt, bytes)
    with pytest.raises(UnicodeDecodeError):
        hurt.decode()


@pytest.mark.parametrize("how", DAMAGES)
def test_every_damage_changes_the_frame(how: str) -> None:
    assert all(damaged(FRAME, each) != FRAME for each in DAMAGES if each == how)
