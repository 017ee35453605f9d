"""Read trades.csv without the packages of others, every digit as it came."""

import csv
from decimal import Decimal
from pathlib import Path

with Path("trades.csv").open(encoding="utf-8", newline="") as file:
    turnover = sum(Decimal(row["price"]) * Decimal(row["size"]) for row in csv.DictReader(file))
print(turnover)
