"""What people execute: a cell that counts in memory, and a notebook that leaves marks."""

import json

REMEMBER = """
seen = globals().get("count")
count = (seen or 0) + 1
print("fresh" if seen is None else "kept", count)
"""

_BEGIN = """
import json, os, time
def mark(what):
    line = {"run": os.environ["MADANG_RUN"], "attempt": os.environ["MADANG_ATTEMPT"]}
    line |= {"pid": os.getpid(), "what": what, "at": time.time()}
    with open(marks, "a") as file:
        file.write(json.dumps(line) + "\\n")
mark("begin")
"""
_WORK = "time.sleep(seconds)"
_END = "mark('end')"


def run_notebook():
    """Return the text of a notebook that marks its begin and its end in a file."""
    cells = [("marks, seconds = '', 1.0", ["parameters"])]
    cells += [(source, []) for source in (_BEGIN, _WORK, _END)]
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "cells": [
                {
                    "id": f"cell-{number}",
                    "cell_type": "code",
                    "metadata": {"tags": tags},
                    "execution_count": None,
                    "outputs": [],
                    "source": source,
                }
                for number, (source, tags) in enumerate(cells)
            ],
        }
    )


def read_marks(path):
    """Return the marks of all runs; half a line of a process that was killed says nothing."""
    found = []
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found
