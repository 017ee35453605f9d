"""The ``capability-table`` directive: what each venue has, asked from the code itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from weex_client import UnsupportedChannelError
from weex_client.protocol import Channel, Topic, Venue
from weex_client.websocket import VENUES

CHANNELS = frozenset(map(str, Channel))

# Asked for, so that the venue answers with what it has.
NO_LEVEL = 0
NO_INTERVAL = ""


def markets() -> Iterator[tuple[str, Venue]]:
    """Yield every market of every registered venue, with its title."""
    for name, client_class in VENUES.items():
        field = client_class.config_class.model_fields.get("market")
        if field is None:
            yield name, client_class.venue_class(client_class.config_class(_env_file=None))
            continue
        for market in get_args(field.annotation):
            options: dict[str, Any] = {"_env_file": None, "market": market}
            yield f"{name} {market}", client_class.venue_class(client_class.config_class(**options))


def capability(venue: Venue, channel: Channel) -> str:
    """Return ``yes``, the levels or intervals a venue has of a channel, or ``no``."""
    try:
        venue.feed(Topic(channel, "BTCUSDT", NO_LEVEL, NO_INTERVAL))
    except UnsupportedChannelError as error:
        return "no" if CHANNELS.issuperset(error.available) else ", ".join(error.available)
    return "yes"


class CapabilityTable(SphinxDirective):
    """Write a row for each channel and a column for each market."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        columns = list(markets())
        rows = [["channel", *(title for title, _ in columns)]]
        rows += [
            [f"``{channel}``", *(capability(venue, channel) for _, venue in columns)]
            for channel in Channel
        ]
        lines = [".. list-table::", "   :header-rows: 1", ""]
        for row in rows:
            marks = ["   * -", *["     -"] * (len(row) - 1)]
            lines += [f"{mark} {cell}" for mark, cell in zip(marks, row, strict=True)]
        node = nodes.Element()
        self.state.nested_parse(StringList(lines, source=__file__), self.content_offset, node)
        return node.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("capability-table", CapabilityTable)
    return {"parallel_read_safe": True}
