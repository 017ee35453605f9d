"""Run a command on an event loop so that Ctrl-C and SIGTERM end it cleanly. No command is here.

Whatever ends one becomes an exit status.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from weex_client.cli.failures import SUCCESS, complain, explained
from weex_client.cli.outlet import drop_standard_output

__all__ = ["run_command", "run_until_signal"]


class _ImpatientExecutor(ThreadPoolExecutor):
    """Wait for no thread at the end: a name lookup may hang for many seconds."""

    def shutdown(self, *_: object, **__: object) -> None:
        """Let the threads be."""
        super().shutdown(wait=False, cancel_futures=True)


def run_until_signal(command: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a command to its end, or until a signal has cancelled it.

    Returns:
        The command's exit status; success after a signal, once everything is released.
    """
    try:
        return asyncio.run(_cancelled_by_signals(command))
    except KeyboardInterrupt:  # where the loop cannot have signal handlers
        return SUCCESS


async def _cancelled_by_signals(command: Callable[[], Coroutine[Any, Any, int]]) -> int:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(_ImpatientExecutor(max_workers=4))
    task = asyncio.ensure_future(command())
    signals: list[int] = []

    def stop(number: int) -> None:
        # A second Ctrl-C must not cut the closing short: it takes less than a second.
        if not signals:
            task.cancel()
        signals.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop, number)
        except NotImplementedError:  # Windows: asyncio.run cancels on Ctrl-C
            break
    try:
        return await task
    except asyncio.CancelledError:
        if signals:
            return SUCCESS
        task.cancel()
        await asyncio.wait((task,))
        raise


def run_command(command: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a command; whatever goes wrong becomes one line on standard error and a status."""
    try:
        return run_until_signal(command)
    except (Exception, BaseExceptionGroup) as exc:  # the top of the command
        if _is_broken_pipe(exc):
            drop_standard_output()
            return SUCCESS
        logging.getLogger(__name__).debug("the command failed", exc_info=exc)
        text, status = explained(exc)
        complain(text)
        return status


def _is_broken_pipe(error: BaseException) -> bool:
    """Tell whether nobody reads standard output any more, which is no failure (``| head``)."""
    if isinstance(error, BaseExceptionGroup):
        return any(_is_broken_pipe(each) for each in error.exceptions)
    return isinstance(error, BrokenPipeError)
