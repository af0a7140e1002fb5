"""Small looks of the demo at files, ports, processes, and at what must come true soon."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

from madang.settings.home import Home
from madang.stack import ports


async def until(look: Any, is_enough: Any, timeout_s: float = 120) -> Any:
    """Look again and again until it is enough; TimeoutError says what was seen last."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen = await look()
        if is_enough(seen):
            return seen
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {timeout_s} s: {str(seen)[:400]}")
        await asyncio.sleep(0.1)


def project_file(name: str) -> Path:
    """Return a file of the source tree that this installation runs from."""
    return Path(__file__).parents[4] / name


def trace_file() -> Path:
    """Return the trace that the tutorial and the job read."""
    return project_file("notebooks/data/microsoft-itp-2021.csv.gz")


def code_cells(path: Path) -> list[str]:
    """Return the source of each code cell of a notebook file."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def text_of_outputs(notebook: dict[str, Any]) -> str:
    """Return everything that an executed notebook printed."""
    return "\n".join(
        "".join(output.get("text", ""))
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
    )


def free_port() -> int:
    """Return a port of this machine that nobody listens on now, and no other house will choose."""
    return ports.choose(None, set())


def processes_of(home: Home) -> list[int]:
    """Return processes, other than this one, whose environment names the data folder."""
    marker = f"MADANG_HOME={home.root}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                environ = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if marker in environ:
                found.append(int(folder.name))
    return found
