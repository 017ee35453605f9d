"""Kill -9 a program that trades on paper, and look at what its state file has kept.

Run as ``python -m tests.paper.kills [COUNT]``: fifty kills, if not said otherwise.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from weex_client.paper.journal import Journal

ROOT = Path(__file__).parents[2]


async def kill_again_and_again(path: Path, count: int) -> tuple[int, int, int]:
    """Let keepers go on with one file, one after the other, and kill each.

    Returns:
        How many orders, cancels and fills were acknowledged; all of them were in the file.
    """
    draw = Random(7)
    said: list[dict[str, Any]] = []
    for seed in range(count):
        said += await killed(path, seed, draw)
        await check_file(path, said)
    kinds = [each["kind"] for each in said]
    return kinds.count("order"), kinds.count("cancel"), kinds.count("fill")


async def killed(path: Path, seed: int, draw: Random) -> list[dict[str, Any]]:
    """Run a keeper, kill it at a random moment, and return what it had acknowledged."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.paper.keeper", str(path), str(seed), "170"),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(180):
            for _ in range(draw.randint(1, 60)):
                said.append(json.loads(await process.stdout.readline()))
    finally:
        process.kill()
        rest, _ = await process.communicate()
    # The last line may be cut in the middle.
    said += [json.loads(line) for line in rest.split(b"\n")[:-1]]
    return said


async def check_file(path: Path, said: list[dict[str, Any]]) -> None:
    journal = await Journal.open(str(path))
    saved = await journal.read()
    await journal.close()
    assert saved is not None
    orders = {order.order_id: order for order in saved.orders}
    fills = {fill.fill_id: fill for fill in saved.fills}
    for each in said:
        if each["kind"] == "fill":
            assert fills[each["id"]].order_id == each["order"]
        else:
            order = orders[each["id"]]
            is_over = each["kind"] == "cancel" or each.get("status") == "filled"
            assert order.is_final or not is_over
    # Each row fits the others: no half of anything was written.
    for order in orders.values():
        own = [fill for fill in fills.values() if fill.order_id == order.order_id]
        assert order.rules.size(order.filled) == sum((f.size for f in own), Decimal(0))
    money = Fraction(1_000_000)
    for holding in saved.holdings.values():
        money += Fraction(holding["realized_pnl"]) - Fraction(holding["fees"])
        assert holding["fill_count"] == len(fills)
    assert Fraction(saved.wallets["USDT"]) == money
    assert sum((Fraction(fill.fee) for fill in fills.values()), Fraction(0)) == sum(
        (Fraction(holding["fees"]) for holding in saved.holdings.values()), Fraction(0)
    )


def main() -> None:
    """Do what the command line asks for."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        orders, cancels, fills = asyncio.run(kill_again_and_again(Path(folder, "state.db"), count))
    print(f"{count} kills: {orders} orders, {cancels} cancels and {fills} fills were acknowledged")
    print("none is missing, and every row fits the others")


if __name__ == "__main__":
    main()
