"""What it means that TLS failed: a line that may be dialled again, or somebody not to be trusted.

Sockets are elsewhere.
"""

from __future__ import annotations

import ssl

from weex_client.errors import ConnectError

__all__ = ["is_distrust", "refusal"]

# TLS that somebody hung up on is a line that failed; all other TLS errors are about trust.
_CUT_SHORT = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


def refusal(exc: Exception, place: str) -> ConnectError | None:
    """Return the error that nobody retries, where TLS failed for want of trust; else None.

    Args:
        exc: What the library or the system raised.
        place: Which address it was, without what may be a secret.
    """
    if not isinstance(exc, ssl.SSLError) or isinstance(exc, _CUT_SHORT):
        return None
    # Those that no handshake has made lack all attributes.
    why = getattr(exc, "verify_message", None) or getattr(exc, "reason", None) or str(exc)
    return ConnectError(
        f"{place}: TLS failed ({why}); check the address, the clock and the certificates of"
        " this machine",
        url=place,
        retryable=False,
    )


def is_distrust(error: Exception) -> bool:
    """Tell whether no further request may be made: nobody has answered, and nobody ever shall.

    An address that answers with a status, be it the wrong one, may answer otherwise later.
    """
    return isinstance(error, ConnectError) and not error.retryable and error.status is None
