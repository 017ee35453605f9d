"""Who is let in, and with which code all others are not."""

from __future__ import annotations

import pytest

from weex_client.sandbox.keys import Credentials, Keys
from weex_client.sandbox.weex.logins import Logins, RefusedLoginError
from weex_client.venues.weex.endpoints import sign

# The vectors of the sheet, section 3.
OWNER = Credentials("weex-test-key", "weex-test-secret", "weex-test-pass")
NOW_MS = 1_790_134_567_942
VECTORS = {
    "/v3/ws/private": "FJnFW0g92t6nS5xdl9GtArmA3fQYRpXvNKkCDayUoII=",
    "GET/api/v3/account/": "slE4FFrPLDuRpmaz/8Cza38ZGDCbv6XrFMyjCxqI6dw=",
    "GET/api/v3/openOrders?symbol=BTCUSDT": "dWeIeU2d7rbYUW/mv9DrUqKYS1rwdwi1MPyWi4zftlA=",
}
PATH = "/v3/ws/private"


@pytest.fixture
def logins() -> Logins:
    keys = Keys()
    keys.add(OWNER)
    return Logins(keys)


def headers(**changes: str | None) -> dict[str, str]:
    """Return right headers with changes; None leaves one out."""
    right = {
        "ACCESS-KEY": OWNER.api_key,
        "ACCESS-PASSPHRASE": OWNER.passphrase,
        "ACCESS-TIMESTAMP": str(NOW_MS),
        "ACCESS-SIGN": VECTORS[PATH],
    }
    changed = {f"ACCESS-{name.upper()}": value for name, value in changes.items()}
    return {name: value for name, value in (right | changed).items() if value is not None}


@pytest.mark.parametrize(("message", "signature"), VECTORS.items())
def test_whoever_signs_as_the_sheet_has_it_is_let_in(
    logins: Logins, message: str, signature: str
) -> None:
    account = logins.account(headers(sign=signature), message, [(NOW_MS, NOW_MS)])
    assert account == OWNER.api_key


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": None}, -1040),
        ({"sign": None}, -1041),
        ({"timestamp": None}, -1042),
        ({"timestamp": "soon"}, -1043),
        ({"timestamp": "-1790134567942"}, -1043),
        ({"timestamp": "9" * 5_000}, -1043),
        ({"timestamp": "\u0661\u0662"}, -1043),
        ({"key": "weex-other-key"}, -1044),
        ({"timestamp": str(NOW_MS - 30_001)}, -1046),
        ({"timestamp": str(NOW_MS + 30_001)}, -1046),
        ({"passphrase": "weex-other-pass"}, -1049),
        ({"passphrase": None}, -1049),
        ({"sign": VECTORS["GET/api/v3/account/"]}, -1047),
        ({"sign": "caf\u00e9"}, -1047),
    ],
)
def test_all_others_are_refused_with_the_venue_s_code(
    logins: Logins, changes: dict[str, str | None], code: int
) -> None:
    with pytest.raises(RefusedLoginError) as refused:
        logins.account(headers(**changes), PATH, [(NOW_MS, NOW_MS)])
    assert refused.value.status == 401
    assert refused.value.body["code"] == code


@pytest.mark.parametrize("moved_ms", [-30_000, 0, 30_000])
def test_a_signature_is_good_for_half_a_minute(logins: Logins, moved_ms: int) -> None:
    timestamp = str(NOW_MS + moved_ms)
    moved = headers(timestamp=timestamp, sign=sign(OWNER.secret_key, timestamp + PATH))
    assert logins.account(moved, PATH, [(0, 0), (NOW_MS, NOW_MS)]) == OWNER.api_key


def test_an_account_needs_all_parts_and_a_key_of_its_own() -> None:
    keys = Keys()
    keys.add(OWNER)
    with pytest.raises(ValueError, match="already"):
        keys.add(OWNER)
    with pytest.raises(ValueError, match="needs"):
        keys.add(Credentials("key", "", "pass"))


def test_secrets_are_not_shown() -> None:
    assert "weex-test-secret" not in repr(OWNER)
    assert "weex-test-pass" not in repr(OWNER)
