"""Puts what a person gave into a message: readable in any script, and never able to steer a screen.

Who reads Korean reads their own file names as they are; only what cannot be printed is escaped.
"""


def shown(value: object, limit_chars: int = 80) -> str:
    r"""Return a text with what cannot be printed escaped, and cut; of anything else its type.

    Examples
    --------
    >>> shown("학습\n1.ipynb"), shown("\x1b[31m"), shown(3)
    ('학습\\n1.ipynb', '\\x1b[31m', 'int')
    """
    if not isinstance(value, str):
        return type(value).__name__
    cut = value[:limit_chars]
    plain = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in cut)
    return plain if len(value) <= limit_chars else f"{plain}…"
