"""The notebook that builds an environment: the same for all, its plan comes as parameters.

A notebook, so that each step is a cell with its own progress and output, on the page of the run
like everything else. What the steps do is in :mod:`madang.runner.building`, in the slot.
"""

import json
from functools import cache

_STEPS = (
    "from madang.runner.building import Build\n\nbuild = Build.begin(plan, name, revision)",
    "# The versions of all packages, down to the last one.\nbuild.solve()",
    "# Downloads, builds where needed, and installs.\nbuild.install()",
    "# What kernels, runs and clusters of Madang need inside.\nbuild.add_ours()",
    "build.check()",
    "build.publish()",
)


@cache
def notebook() -> bytes:
    """Return the notebook."""
    parameters = 'plan = {}\nname = ""\nrevision = 0'
    cells = [_cell(0, parameters, ["parameters"])]
    cells += [_cell(number, source, []) for number, source in enumerate(_STEPS, 1)]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    made = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel},
        "cells": cells,
    }
    return json.dumps(made, indent=1).encode()


def _cell(number: int, source: str, tags: list[str]) -> dict[str, object]:
    return {
        "id": f"step-{number}",
        "cell_type": "code",
        "metadata": {"tags": tags},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
