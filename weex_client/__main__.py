"""Where ``weex-client`` and ``python -m weex_client`` begin. The commands live in ``cli``."""

from __future__ import annotations

import os
import signal
import sys
import threading

__all__ = ["main"]

# What the extra brings; the commands cannot be built without.
_EXTRA = ("typer", "rich")


def main() -> int:
    """Run the command line.

    Returns:
        The exit status: 0 for success, 1 for failure, 2 for wrong usage.
    """
    try:
        # Until the event loop has its own handlers, a signal is an exception like Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            from weex_client.cli.app import run
        except ModuleNotFoundError as exc:
            if exc.name is None or exc.name.partition(".")[0] not in _EXTRA:
                raise
            sys.stderr.write(
                "error: the command line needs the extra 'cli':"
                " run pip install 'weex-client[cli]'\n"
            )
            return 2
        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        return 0
    if threading.active_count() > 1:
        # A name lookup that hangs cannot be cancelled, and the interpreter would wait for its
        # thread; everything of ours is closed, so nobody else has to.
        sys.stderr.flush()
        os._exit(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
