"""Pieces of reStructuredText and HTML that the generated pages are put together from."""

import html
from collections.abc import Iterable, Sequence


def heading(text: str, line: str = "=") -> str:
    """Return a title and the line under it."""
    return f"{text}\n{line * len(text)}\n"


def plain(text: str) -> str:
    """Escape what reStructuredText would read as markup."""
    return "".join("\\" + c if c in "\\*`|_" else c for c in text)


def raw(markup: str) -> str:
    """Wrap HTML."""
    body = "\n".join("   " + line for line in markup.splitlines())
    return f".. raw:: html\n\n{body}\n"


def code(text: str) -> str:
    """Return HTML of a name or a formula."""
    return f"<code>{html.escape(text, quote=False)}</code>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an HTML table, its cells being HTML; on a narrow screen every row becomes a card."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "\n".join(
        "<tr>" + "".join(f'<td data-label="{h}">{c}</td>' for h, c in zip(head, row, strict=True)) + "</tr>"
        for row in rows
    )
    return (
        '<div class="pst-scrollable-table-container"><table class="table cards">\n'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def details(summary: str, names: Iterable[str]) -> str:
    """Return a list of names that opens on demand, as HTML."""
    return f"<details><summary>{html.escape(summary)}</summary><p>{', '.join(map(code, names))}</p></details>"


def values(mapping) -> str:
    """Return parameters as ``name = value, ...`` in HTML."""
    return ", ".join(code(f"{name}={value!r}") for name, value in mapping.items()) or "none"
