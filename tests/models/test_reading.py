"""What is said of content that cannot be read, and what is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from weex_client.errors import DecodeError
from weex_client.models import exact_json, validated, validator

SECRET = "4711.25"


class Fee(BaseModel):
    rate: Decimal
    name: str

    @field_validator("rate")
    @classmethod
    def _squared(cls, rate: Decimal) -> Decimal:
        return rate * rate


READ_FEES = validator(list[Fee])


@pytest.mark.parametrize(
    ("content", "text", "discreet_text"),
    [
        (
            b'[{"rate":"1","name":4711.25}]',
            "0.name: Input should be a valid string",
            "fees: bad or missing 0.name",
        ),
        (
            b'[{"rate":"1"},{},{"rate":"1"},{}]',
            "0.name: Field required; 1.rate: Field required; 1.name: Field required",
            "fees: bad or missing 0.name, 1.rate, 1.name",
        ),
        (b"4711.25", "content: Input should be a valid array", "fees: bad or missing content"),
        (
            b'[{"rate":"1E+900000","name":"x"}]',
            "a number too large to reckon with",
            "fees: a number too large to reckon with",
        ),
    ],
)
def test_an_error_names_the_first_fields_and_of_an_account_nothing_else(
    content: bytes, text: str, discreet_text: str
) -> None:
    for about, expected in (("", text), ("fees", discreet_text)):
        with pytest.raises(DecodeError) as caught:
            validated(READ_FEES, content, about)
        assert str(caught.value) == expected
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None


def test_json_keeps_every_digit() -> None:
    text = "0.1000000000000000055511151231257827"
    content: Any = exact_json(f'{{"size":{text}}}'.encode())
    assert content == {"size": Decimal(text)}


@pytest.mark.parametrize("content", [b"4711.25]", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_is_not_quoted(content: bytes) -> None:
    with pytest.raises(DecodeError, match=r"^not JSON$"):
        exact_json(content)
    with pytest.raises(DecodeError, match=r"^fees: not JSON$"):
        exact_json(content, "fees")
