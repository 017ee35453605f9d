"""The venue's own frames, as the tests read them."""

from __future__ import annotations

from pathlib import Path

FRAMES = Path(__file__).parent / "frames"


def frames(name: str) -> list[bytes]:
    return (FRAMES / f"{name}.jsonl").read_bytes().splitlines()
