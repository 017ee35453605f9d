"""How the documentation is built; ``nox -s docs`` builds it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

import weex_client

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "weex_client"
author = "the weex_client authors"
project_copyright = author
version = release = weex_client.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "capability_table"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"weex_client {release}"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# Attributes of messages are told in their class's docstring, with units.
napoleon_use_ivar = True

# Names of other packages have no page here; every name of ours must have one.
nitpick_ignore_regex = [
    ("py:.*", r"(?!weex_client\.).*"),
    ("py:.*", r".*\.(T|P|M|C|H)"),
    # Where a class of messages was first spelled with its payload.
    ("py:class", r"weex_client\.(client|protocol\..+|venues\..+)\.Message"),
    # What ``recorder=`` takes: a Recorder.
    ("py:class", r"weex_client\.streaming\.tape\.TapeMachine"),
    # What ``connector=`` takes: what ``replaying`` returns.
    ("py:class", r"weex_client\.recording\.replay\.Replay"),
    # How money is written into JSON, which stands in the type of every price.
    ("py:class", r"weex_client\.models\.payload\.plain_text"),
]


# What a user gets from a call and never makes; so are all messages and settings.
GIVEN = (
    "weex_client.Subscription",
    "weex_client.sync.SyncStream",
    "weex_client.sync.SyncMetrics",
    "weex_client.sandbox.Connection",
    "weex_client.sandbox.front.Front",
    "weex_client.sandbox.FaultLog",
    "weex_client.sandbox.FaultRecord",
    "weex_client.sandbox.Faults",
    "weex_client.sandbox.FaultKind",
    "weex_client.sandbox.PlannedFault",
    "weex_client.client.StreamClient",
)


def setup(app: Sphinx) -> None:
    """Leave out signatures that no reader needs."""
    app.connect("autodoc-process-signature", shown_signature)


def shown_signature(
    _app: Sphinx, what: str, name: str, item: object, *_: object
) -> tuple[str, None] | None:
    """Return an empty signature for what users never make themselves, None for all else."""
    is_model = isinstance(item, type) and issubclass(item, BaseModel)
    return ("", None) if what == "class" and (is_model or name in GIVEN) else None
