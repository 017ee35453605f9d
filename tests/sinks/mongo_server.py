"""A server that speaks MongoDB's wire protocol (NX-27017), as a process that can be killed."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START = "from nx_27017.nx_27017 import main; main()"
_READY = re.compile(r"Listening on 127\.0\.0\.1:(\d+)").search


class MongoServer:
    """One server with its files in a folder of its own, at a port that was free."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said = folder / "said"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def uri(self) -> str:
        """Return its address, without a database."""
        return f"mongodb://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, again at the same port, and wait until it listens."""
        options = {
            "--data-dir": self._folder / "data",
            # Of its own: the one it would choose allows a single server a machine.
            "--pid-file": self._folder / "pid",
            "--log-file": self._folder / "log",
            "--port": self.port,
        }
        (self._folder / "data").mkdir(exist_ok=True)
        words = [str(word) for option in options.items() for word in option]
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, *words], stdout=subprocess.DEVNULL, stderr=said
            )
        self.port = self._wait_until_ready()

    def _wait_until_ready(self) -> int:
        assert self._process is not None
        while self._process.poll() is None:
            found = _READY(self._said.read_text())
            if found is not None:
                return int(found[1])
            time.sleep(0.02)
        raise AssertionError(self._said.read_text())

    def kill(self) -> None:
        """Kill it as a crash does: SIGKILL, nothing is flushed or said."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running(folder: Path) -> Iterator[MongoServer]:
    """Run a server; never leave it behind."""
    server = MongoServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
