"""A request in pieces: its head comes out, its body stays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.sandbox.request_body import MAX_BODY_BYTES, BodyReader

HEAD = b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nA: b\r\n\r\n"
BODY = b'{"size":"1"'


def fed(reader: BodyReader, data: bytes, cuts: list[int]) -> bytes:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return b"".join(reader.feed(data[a:b]) for a, b in pairwise(edges) if b > a)


@given(st.lists(st.integers(0, 200), max_size=6))
def test_a_body_is_kept_however_it_comes(cuts: list[int]) -> None:
    reader = BodyReader()
    said = fed(reader, HEAD + BODY + b"more", cuts)
    assert reader.body == BODY
    assert said == HEAD.replace(b"Content-Length: 11\r\n", b"") + b"more"


@given(st.lists(st.integers(0, 200), max_size=6))
def test_a_request_without_body_passes_unchanged(cuts: list[int]) -> None:
    reader = BodyReader()
    data = b"GET /v3/ws/public HTTP/1.1\r\nHost: x\r\n\r\n\x81\x85abcd"
    assert fed(reader, data, cuts) == data
    assert reader.body == b""


def test_the_last_header_may_be_the_length() -> None:
    reader = BodyReader()
    assert (
        reader.feed(b"POST / HTTP/1.1\r\ncontent-length:2\r\n\r\nab") == b"POST / HTTP/1.1\r\n\r\n"
    )
    assert reader.body == b"ab"


def test_nothing_comes_out_before_it_is_whole() -> None:
    reader = BodyReader()
    assert reader.feed(HEAD + BODY[:-1]) == b""
    assert reader.feed(BODY[-1:]) != b""


@pytest.mark.parametrize(
    "data",
    [
        HEAD.replace(b"11", str(MAX_BODY_BYTES + 1).encode()) + BODY,
        HEAD.replace(b"11", b"1\r\nContent-Length: 2") + BODY,
        HEAD.replace(b"11", b"a lot") + BODY,
        b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000,
    ],
)
def test_what_it_does_not_understand_is_left_to_the_library(data: bytes) -> None:
    reader = BodyReader()
    assert reader.feed(data) == data
    assert reader.body == b""
