"""An exchange on loopback that speaks the venues' own wire. What it trades is in ``simulation``."""

from weex_client.sandbox.chaos import Chaos, PlannedFault
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.exchange import SandboxExchange
from weex_client.sandbox.fault_log import FaultKind, FaultLog, FaultRecord
from weex_client.sandbox.faults import Faults

__all__ = [
    "Chaos",
    "Connection",
    "FaultKind",
    "FaultLog",
    "FaultRecord",
    "Faults",
    "PlannedFault",
    "SandboxExchange",
]
