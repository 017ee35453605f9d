"""Turn every failure into one line on standard error and an exit status. Nothing is retried."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from typing import Final

from weex_client.errors import StrategyError, UsageError, WeexClientError

__all__ = ["FAILURE", "SUCCESS", "USAGE", "Failures", "PortTakenError", "complain", "explained"]

SUCCESS: Final = 0
FAILURE: Final = 1
USAGE: Final = 2


class PortTakenError(Exception):
    """Tell that the embedded exchange cannot listen where it was told to."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {_listening_failure(cause)}")


def _listening_failure(cause: OSError) -> str:
    if cause.errno == errno.EADDRINUSE:
        return "the port is in use; choose another --port, or 0 for a free one"
    if cause.errno == errno.EACCES:
        return "not permitted; choose a --port above 1023, or 0 for a free one"
    return f"{cause.strerror or cause}; check --host, 127.0.0.1 is this machine"


def explained(error: BaseException) -> tuple[str, int]:
    """Return the line that says what to do about an error, and the exit status."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, UsageError) and not isinstance(error, StrategyError):
        return str(error), USAGE
    if isinstance(error, WeexClientError | PortTakenError):
        return str(error), FAILURE
    if isinstance(error, OSError):
        return f"{error.strerror or error}", FAILURE
    return f"a bug in weex-client, please report it: {type(error).__name__}: {error}", FAILURE


class Failures:
    """What ended streams: each said once, however many it ended.

    Attributes:
        status: That of the worst.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.status = SUCCESS
        self._say = say
        self._said: set[str] = set()

    def take(self, error: WeexClientError) -> None:
        """Take note of an error, and say it unless it was said."""
        text, status = explained(error)
        self.status = max(self.status, status)
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def complain(text: str) -> None:
    """Print one line on standard error, whatever the text holds."""
    line = " ".join(text.split())
    printable = "".join(sign if sign.isprintable() else "?" for sign in line)
    print(f"error: {printable}", file=sys.stderr, flush=True)
