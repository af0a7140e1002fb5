"""A sweep that goes on while replicas are hit: its runs end one by one, when a test says so."""

import nbformat
from replicas import until

from madang.client import sweep

WORK = """
import time
from pathlib import Path
with open(f"{folder}/{seed}.marks", "a") as file:
    file.write("begun\\n")
while not Path(folder, f"{seed}.go").exists():
    time.sleep(0.05)
"""


class Work:
    """A sweep whose runs end one by one, when the test says so."""

    def __init__(self, folder, client, runs, **size):
        self.folder, self._runs = folder, runs
        folder.mkdir()
        given = nbformat.v4.new_code_cell(
            "seed = 0\nfolder = ''", metadata={"tags": ["parameters"]}
        )
        path = folder / "long.ipynb"
        cells = [given, nbformat.v4.new_code_cell(WORK)]
        path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
        size = {"devices": 1, "limit": "10m", "max_parallel": 2, **size}
        fixed = {"folder": str(folder)}
        self.job = sweep(path, {"seed": range(runs)}, parameters=fixed, client=client, **size)
        self.done = 0
        self.begins(2)

    def begun(self):
        """Return the runs that have begun."""
        return sorted(int(path.stem) for path in self.folder.glob("*.marks"))

    def begins(self, count):
        """Wait until so many have begun."""
        until(lambda: len(self.begun()) >= count, f"{count} runs have begun", 90)

    def go_on(self):
        """Let a run end, and wait for the next one to begin: only a service can give it out."""
        (self.folder / f"{self.begun()[self.done]}.go").touch()
        self.done += 1
        self.begins(min(self._runs, 2 + self.done))

    def finish(self):
        """Let all end; each succeeded and was executed once."""
        for seed in range(self._runs):
            (self.folder / f"{seed}.go").touch()
        self.job.wait(180, progress=False).check()
        for seed in range(self._runs):
            assert (self.folder / f"{seed}.marks").read_text() == "begun\n", (
                f"run {seed} began twice"
            )
        assert {row["attempt"] for row in self.job.rows()} == {1}
