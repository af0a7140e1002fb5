"""Cell by cell what stock papermill gives, with libraries imported ahead and not."""

import pytest
from comparing import differences, execute, execute_stock
from notebooks import NOTEBOOKS

from madang.runner.forked import engine
from madang.runner.forked.parents import parents

LIBRARIES = ["matplotlib.pyplot", "pandas", "dask.array", "dask.distributed", "ipywidgets", "tqdm"]
FRESH = {"other_kernelspec": "other_kernel"}


@pytest.fixture(autouse=True, scope="module")
def _own_parents():
    yield
    parents.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_equals_stock(name, tmp_path, monkeypatch):
    stock = execute_stock(name, tmp_path / "stock")
    for ahead in ([], LIBRARIES):
        monkeypatch.setattr(engine, "find_imports", lambda *_, ahead=ahead: ahead)
        ours, way = execute(name, tmp_path / f"ours{len(ahead)}", "madang")
        found = differences(ours, stock)
        assert not found, f"{name}, {len(ahead)} imported ahead:\n" + "\n".join(
            f"{where}:\n{text}" for where, text in found.items()
        )
        assert way["kernel"] == ("fresh" if name in FRESH else "forked"), way
        assert way.get("reason") == FRESH.get(name)
