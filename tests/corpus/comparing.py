"""Runs a notebook of the corpus and tells what of it a person could compare.

What differs between two runs of stock papermill, and nothing else, is made equal: addresses, times,
process numbers, random identifiers (by their order) and where one stream was cut into two messages.
"""

import json
import os
import re

import nbformat
import papermill
from notebooks import NOTEBOOKS, OPTIONS, OTHER, UNORDERED

PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
# Stock chooses a kernel's ports before the kernel listens on them; another process may be faster.
NO_KERNEL = re.compile("Kernel didn't respond in|Kernel died before replying")
_IDENTIFIER = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}"
)
_NOISE = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0xADDRESS"),
    (re.compile(r"ipykernel_\d+/\d+\.py"), "ipykernel_PID/CELL.py"),
    (re.compile(r"\d[\d.]*(e[+-]\d+)? ?(ns|µs|μs|us|ms|s|min)\b"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+"), "DATE"),
    (re.compile(r"Thread-\d+"), "Thread-N"),
    (re.compile(r"pid=\d+"), "pid=N"),
    (re.compile(r"tmp[0-9a-z_]{8}"), "TMPNAME"),
    (re.compile(r"object at [0-9a-f]{8,}"), "object at ADDRESS"),
    # How deep the kernel's own frames are: a difference that platform/docs tells.
    (re.compile(r"\(\d+ times\)"), "(N times)"),
)


def write(name, folder):
    """Write the notebook; return its path."""
    kernel = PYTHON | ({"name": OTHER} if name == "other_kernelspec" else {})
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    for number, cell in enumerate(NOTEBOOKS[name]):
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        made.cells.append(
            nbformat.v4.new_code_cell(source, metadata={"tags": tags}, id=f"cell{number}")
        )
    if name == "text_and_raw":
        made.cells.insert(0, nbformat.v4.new_markdown_cell("# text", id="text"))
        made.cells.append(nbformat.v4.new_raw_cell("raw", id="raw"))
    nbformat.write(made, folder / "in.ipynb")
    return folder / "in.ipynb"


def execute_stock(name, folder):
    """Return what stock papermill makes of it; it hangs now and then, for want of a reply."""
    folder.mkdir()
    for attempt in range(3):
        rows, _ = execute(name, folder / str(attempt), None)
        hung = name not in OPTIONS and "Cell execution timed out" in rows["ended"]
        if not hung and not NO_KERNEL.search(rows["ended"]):
            return rows
    raise AssertionError(f"stock papermill did not finish {name}")


def execute(name, folder, engine):
    """Return (what is comparable, metadata of the way) of one execution in a folder of its own."""
    folder.mkdir()
    path = write(name, folder)
    ended = "ended"
    # ipykernel does not watch descriptors in a kernel that thinks it is under pytest.
    under_test = os.environ.pop("PYTEST_CURRENT_TEST", "")
    try:
        papermill.execute_notebook(
            path,
            folder / "out.ipynb",
            parameters={"a": 7} if name == "parameters" else None,
            engine_name=engine,
            progress_bar=False,
            cwd=folder,
            **({} if engine else {"execution_timeout": 40}) | OPTIONS.get(name, {}),
        )
    except Exception as error:  # how it ends is part of what is compared
        ended = f"{type(error).__name__}: {error}"
    finally:
        os.environ["PYTEST_CURRENT_TEST"] = under_test
    output = nbformat.read(folder / "out.ipynb", 4)
    nbformat.validate(output)
    way = output.metadata.pop("madang", None)
    files = {
        p.name: p.read_text() for p in folder.iterdir() if p.is_file() and p.suffix != ".ipynb"
    }
    rows = {"ended": ended, "files": files, "folders": len([p for p in folder.iterdir()])}
    rows["metadata"] = _plain_metadata(output.metadata)
    for number, cell in enumerate(output.cells):
        rows[f"cell {number}"] = _plain_cell(cell, is_ordered=name not in UNORDERED)
    return _without_noise(rows, folder), way


def _plain_cell(cell, is_ordered):
    papermill_ = cell.metadata.get("papermill", {})
    metadata = {k: v for k, v in cell.metadata.items() if k not in ("papermill", "execution")}
    metadata["timed"] = sorted(cell.metadata.get("execution", {}))
    metadata["papermill"] = {k: papermill_.get(k) for k in ("status", "exception")}
    return {
        "source": cell.source,
        "count": cell.get("execution_count"),
        "metadata": metadata,
        "outputs": _joined(cell.get("outputs", []), is_ordered),
    }


def _joined(outputs, is_ordered):
    """Join neighbours of one stream: where they were cut is a matter of time."""
    found = []
    if not is_ordered:
        outputs = sorted(outputs, key=lambda output: (output.output_type, output.get("name", "")))
    for output in outputs:
        if found and output.output_type == "stream" and found[-1].get("name") == output.name:
            found[-1]["text"] += output.text
        else:
            found.append(dict(output))
    return found


def _plain_metadata(metadata):
    papermill_ = {
        k: v for k, v in metadata.papermill.items() if k not in ("start_time", "end_time")
    }
    papermill_["duration"] = papermill_["duration"] is not None
    found = {**metadata, "papermill": papermill_}
    if "widgets" in metadata:
        # Sorted by random identifiers in the file: compare what they are, without an order.
        (kept,) = metadata["widgets"].values()
        states = [json.dumps(state, sort_keys=True) for state in kept["state"].values()]
        found["widgets"] = sorted(_IDENTIFIER.sub("ID", state) for state in states)
    return found


def _without_noise(rows, folder):
    found = {}
    numbers = {}

    def number(match):
        return f"ID{numbers.setdefault(match.group(), len(numbers))}"

    # Keys of widgets' states are identifiers: read cells first, where their order is that of time.
    for name in [k for k in rows if k.startswith("cell")] + [
        "ended",
        "files",
        "folders",
        "metadata",
    ]:
        text = json.dumps(rows[name], indent=1, sort_keys=name != "metadata", ensure_ascii=False)
        text = text.replace(str(folder), "FOLDER")
        for pattern, word in _NOISE:
            text = pattern.sub(word, text)
        found[name] = _IDENTIFIER.sub(number, text)
    return found


def differences(ours, stock):
    """Return the rows that differ, for a person to read."""
    return {
        name: f"--- ours\n{ours.get(name)}\n--- stock\n{stock.get(name)}"
        for name in ours.keys() | stock.keys()
        if ours.get(name) != stock.get(name)
    }
