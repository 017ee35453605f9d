from weex_client.cli.views.status import Status
from weex_client.metrics import ChannelCounters, ClientStats, ScopeStats
from weex_client.models import ConnectionEvent

from ..messages import TIME, rendered


def _stats(**counts: int) -> ClientStats:
    scope = ScopeStats(
        connections=1,
        subscriptions=1,
        frames=1,
        bytes=1,
        unknown_frames={},
        reconnects=2,
        uptime_seconds=5.0,
        last_frame_time=None,
    )
    return ClientStats({"public": scope}, {"ticker": ChannelCounters(**counts).picture()})


def _event(kind: str, **facts: object) -> ConnectionEvent:
    return ConnectionEvent(kind=kind, timestamp=TIME, scope="public", **facts)


def test_quiet_connection_is_one_line():
    status = Status("weex contract")

    assert rendered(status.draw(_stats(gaps=1, dropped=3), TIME, is_connected=True)) == [
        " connected  weex contract  gaps 1  drops 3  reconnects 2  up 5.0s"
    ]


def test_reconnecting_counts_down_and_names_the_cause():
    status = Status("weex contract")
    status.take(_event("reconnecting", attempt=3, delay_seconds=4.0, cause="refused"))

    lines = rendered(status.draw(_stats(), TIME + 1, is_connected=False))
    assert lines[0].startswith(" reconnecting in 3.0 s (attempt 3)")
    assert lines[1] == " because refused"


def test_reconnected_line_is_connected_again():
    status = Status("weex")
    status.take(_event("reconnecting", attempt=1, delay_seconds=4.0, cause="refused"))
    status.take(_event("connected"))

    assert rendered(status.draw(_stats(), TIME, is_connected=True))[0].startswith(" connected")


def test_gap_is_noted():
    status = Status("weex")
    status.take(_event("gap", channel="book", symbol="BTCUSDT", cause="7 is missing"))

    lines = rendered(status.draw(_stats(), TIME, is_connected=True))
    assert lines[1] == " 04:00:00 gap book BTCUSDT 7 is missing"
