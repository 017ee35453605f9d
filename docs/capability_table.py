"""The ``capability-table`` directive: the table of ``weex-client venues``, as a page has it."""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from weex_client.cli.capabilities import capability_table


class CapabilityTable(SphinxDirective):
    """Write a row for each channel and a column for each market."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        heading, *rows = capability_table()
        lines = [".. list-table::", "   :header-rows: 1", ""]
        for row in (heading, *([f"``{name}``", *cells] for name, *cells in rows)):
            marks = ["   * -", *["     -"] * (len(row) - 1)]
            # A lone dash would begin a list.
            lines += [
                f"{mark} {cell.replace('-', chr(8211)) if cell == '-' else cell}"
                for mark, cell in zip(marks, row, strict=True)
            ]
        node = nodes.Element()
        self.state.nested_parse(StringList(lines, source=__file__), self.content_offset, node)
        return node.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("capability-table", CapabilityTable)
    return {"parallel_read_safe": True}
