"""The real command line: a process for each call, or a fork of one that has imported it already.

A hundred inputs in two languages would take minutes of imports; a fork runs the same entry with the
arguments, the environment and the folder of its call, and nothing of an earlier one.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

MADANG = Path(sys.executable).with_name("madang")

FORKS = """
import json, os, sys, traceback
import httpx, pandas, pyarrow.parquet
from madang.cli import main
from madang.client import http, runs, sweeps

def act(call):
    os.chdir(call["cwd"])
    os.environ.update(call["env"])
    for number, name in enumerate(call["to"], 1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    main.run(call["words"])

for line in sys.stdin:
    pid = os.fork()
    if not pid:
        status = 70
        try:
            act(json.loads(line))
        except SystemExit as left:
            status = left.code or 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Command:
    """The command line of the person of a ``madang up``."""

    def __init__(self, home, folder):
        self._folder = Path(folder)
        self._own = {k: v for k, v in os.environ.items() if not k.startswith("MADANG_")}
        self._own |= {"MADANG_HOME": str(home), "LC_ALL": "C.UTF-8"}

    @contextlib.contextmanager
    def forks(self):
        """Keep the process that forks, for :meth:`quick`."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        code = [sys.executable, "-P", "-c", FORKS]
        with subprocess.Popen(code, env=self._own, **pipes) as self._forks:
            try:
                yield self
            finally:
                self._forks.stdin.close()
                self._forks.wait(60)

    def quick(self, *words, lang="en", cwd="."):
        """Return status, output and errors of a fork."""
        to = [self._folder / name for name in ("out", "err")]
        for path in to:
            path.unlink(missing_ok=True)
        call = {"words": words, "cwd": str(Path(cwd).absolute()), "to": [str(path) for path in to]}
        self._forks.stdin.write(json.dumps(call | {"env": {"MADANG_LANG": lang}}) + "\n")
        self._forks.stdin.flush()
        status = int(self._forks.stdout.readline())
        return status, *(path.read_text() for path in to)

    def real(self, *words, lang="en", cwd="."):
        """Return status, output and errors of a process of its own."""
        done = subprocess.run(
            [MADANG, *words],
            env=self._own | {"MADANG_LANG": lang},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    def good(self, *words, quick=False, **more):
        """Return the output of what must succeed."""
        status, out, err = (self.quick if quick else self.real)(*words, **more)
        assert status == 0, (words, out, err)
        return out

    def submitted(self):
        """Return all runs and all sweeps, as the service tells them."""
        return [json.loads(self.good(noun, "--json")) for noun in ("runs", "sweeps")]
