"""Finds what a notebook imports, by reading it; nothing of it is run.

Used by whoever asks for a warm process. Only modules of a list are ever imported ahead: they import
silently, start no Python thread, and do not look at the folder that they are imported in.
"""

import ast
import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

_NAMES = """
    IPython.display PIL altair bokeh bs4 cloudpickle dask dask.array dask.bag dask.dataframe
    dask.delayed dask.distributed distributed fsspec httpx ipywidgets jinja2 joblib lxml matplotlib
    matplotlib.pyplot networkx numba numpy openpyxl pandas patsy plotly pyarrow pydantic requests
    scipy scipy.integrate scipy.interpolate scipy.linalg scipy.optimize scipy.signal scipy.sparse
    scipy.spatial scipy.special scipy.stats seaborn skimage sklearn sklearn.cluster
    sklearn.compose sklearn.datasets sklearn.decomposition sklearn.ensemble sklearn.impute
    sklearn.linear_model sklearn.metrics sklearn.model_selection sklearn.naive_bayes
    sklearn.neighbors sklearn.pipeline sklearn.preprocessing sklearn.svm sklearn.tree sqlalchemy
    statsmodels statsmodels.api statsmodels.formula.api sympy tqdm xarray yaml
"""
SILENT = frozenset(_NAMES.split())
_MAGIC = ("%", "!", "?")


def find_imports(sources: Iterable[str], folder: Path) -> list[str]:
    """Return the modules of the list that these cells import, in their order.

    Parameters
    ----------
    folder
        Where the notebook runs; a name that it could take from there is left to the notebook.
    """
    found: dict[str, None] = {}
    for source in sources:
        for name in _imported(source):
            if name in SILENT and not _is_local(name, folder):
                found[name] = None
    return list(found)


def _imported(source: str) -> Sequence[str]:
    """Return every dotted name that importing might load."""
    lines = source.splitlines()
    if lines and lines[0].startswith("%%"):
        return []
    plain = "\n".join("pass" if line.startswith(_MAGIC) else line for line in lines)
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        names = []
        # What is not at the top of a cell may never be reached.
        for node in ast.parse(plain).body:
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        return names
    return []


def _is_local(name: str, folder: Path) -> bool:
    top = name.partition(".")[0]
    return (folder / top).exists() or (folder / f"{top}.py").exists()
