"""The state file: what was acknowledged is in it, whatever ended the program."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from tests.paper.conftest import first, until
from tests.paper.kills import kill_again_and_again
from weex_client import DuplicateOrderError, StateError, WeexWebSocketClient
from weex_client.paper import PaperTradingEngine, RiskLimits

# ``python -m tests.paper.kills`` does it fifty times.
KILLS = 3


async def test_resumed_engine_has_orders_positions_money_and_fills(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    before = PaperTradingEngine(50_000, leverage=2, state=path)
    async with before.trading(client):
        await before.submit("BTCUSDT", "buy", "0.02")
        await before.submit("BTCUSDT", "buy", "0.01", price=1000, client_order_id="mine")
        await before.submit(
            "BTCUSDT", "sell", "0.02", type="stop_market", trigger_price=2000, reduce_only=True
        )
        await before.submit("ETHUSDT", "sell", "1")

    after = PaperTradingEngine(1, leverage=7, state=path)
    async with after.trading(client):
        assert after.balance == before.balance
        assert after.positions == before.positions
        assert after.trades == before.trades
        assert dict(after.orders) == dict(before.orders)
        assert len(after.open_orders) == 2
        position = after.position("BTCUSDT")
        assert position is not None
        assert position.leverage == 2
        assert after.available <= before.available + 5000
        with pytest.raises(DuplicateOrderError):
            await after.submit("BTCUSDT", "buy", "0.01", price=1000, client_order_id="mine")
        snapshot = await first(after.stream_orders())
        assert (snapshot.is_snapshot, snapshot.data.client_order_id) == (True, "mine")
        order = await after.submit("BTCUSDT", "sell", "0.02")
        assert int(order.order_id) > max(map(int, before.orders))
        assert "BTCUSDT" not in after.positions
    assert after.report().initial_balance == 50_000


async def test_broken_limits_stay_broken_after_a_restart(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    limits = RiskLimits(max_drawdown=0.00001)

    async def lose(engine: PaperTradingEngine, _: object) -> None:
        await engine.submit("BTCUSDT", "buy", "0.1")
        await asyncio.Event().wait()

    await PaperTradingEngine(state=path, risk_limits=limits).run(client, lose)
    again = PaperTradingEngine(state=path, risk_limits=limits)
    async with again.trading(client):
        assert again._guard.is_stopped


async def test_closing_out_that_a_kill_interrupted_is_finished_after_the_restart(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    async with PaperTradingEngine(state=path).trading(client) as engine:
        await engine.submit("BTCUSDT", "buy", "0.01")
        guard = engine._guard.saved() | {"is_stopped": True, "closed_by": "max_drawdown"}
    with sqlite3.connect(path) as database:
        database.execute("UPDATE meta SET body = ? WHERE name = 'guard'", (json.dumps(guard),))
    database.close()

    async with PaperTradingEngine(state=path).trading(client) as again:
        assert again.has_position("BTCUSDT")
        await until(lambda: not again.positions)


async def test_file_of_another_kind_of_account_is_refused(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    async with PaperTradingEngine(state=path).trading(client):
        pass
    with pytest.raises(StateError, match="ContractLedger"):
        async with PaperTradingEngine(state=path, market="spot").trading(client):
            pass


async def test_file_that_is_no_database_is_refused(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    path.write_text("these are not the rows you are looking for" * 100)
    with pytest.raises(StateError) as refused:
        async with PaperTradingEngine(state=path).trading(client):
            pass
    assert refused.value.path == str(path)
    with pytest.raises(StateError):
        await PaperTradingEngine(state=tmp_path / "no" / "folder").run(client)


async def test_two_engines_cannot_share_a_file(client: WeexWebSocketClient, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with PaperTradingEngine(state=path).trading(client):
        with pytest.raises(StateError, match="another program"):
            async with PaperTradingEngine(state=path).trading(client):
                pass


async def test_rows_that_make_no_sense_are_refused(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    async with PaperTradingEngine(state=path).trading(client):
        pass
    with sqlite3.connect(path) as database:
        database.execute("UPDATE meta SET body = '99' WHERE name = 'version'")
    database.close()
    with pytest.raises(StateError, match="version 99"):
        async with PaperTradingEngine(state=path).trading(client):
            pass


async def test_order_that_could_not_be_saved_is_not_acknowledged_and_the_engine_ends(
    client: WeexWebSocketClient, tmp_path: Path
) -> None:
    engine = PaperTradingEngine(state=tmp_path / "state.db")
    async with engine.trading(client):
        await engine.submit("BTCUSDT", "buy", "0.001")
        fills = engine.stream_fills()
        journal = engine._account._journal
        assert journal is not None
        await journal._database.execute("DROP TABLE fills")
        with pytest.raises(StateError):
            await engine.submit("BTCUSDT", "buy", "0.001")
        with pytest.raises(StateError):
            await engine.submit("BTCUSDT", "buy", "0.001")
    with pytest.raises(StateError):
        await anext(fills)


async def test_nothing_that_was_acknowledged_is_lost_on_kill(tmp_path: Path) -> None:
    assert sum(await kill_again_and_again(tmp_path / "state.db", KILLS)) > 10
