"""Tables for people in a terminal or a notebook; Korean takes two columns a letter.

Used by the command line and by the texts of usage and runs.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape


def width(text: str) -> int:
    """Return the number of terminal columns that a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return the text filled with spaces to a number of columns."""
    space = " " * max(0, columns - width(text))
    return space + text if right else text + space


def plain(value: object) -> str:
    """Return a cell's text; what would move the cursor or turn the writing is not shown as such."""
    if value is None:
        return "-"
    return "".join(c if c.isprintable() else "?" for c in str(value))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[int] = ()) -> str:
    """Return lines of aligned columns.

    Parameters
    ----------
    right
        Numbers of the columns that hold quantities.
    """
    lines = [list(head), *([plain(cell) for cell in row] for row in rows)]
    sizes = [max(width(line[i]) for line in lines) for i in range(len(head))]
    to_right = set(right)
    return "\n".join(
        "  ".join(pad(cell, sizes[i], right=i in to_right) for i, cell in enumerate(line)).rstrip()
        for line in lines
    )


def html_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[int] = ()
) -> str:
    """Return the same as an HTML table, everything escaped."""
    to_right = set(right)

    def line(tag: str, cells: Sequence[object]) -> str:
        made = (
            f'<{tag} style="text-align:{"right" if i in to_right else "left"}">'
            f"{escape(plain(cell))}</{tag}>"
            for i, cell in enumerate(cells)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', head)}</thead><tbody>{body}</tbody></table>"
