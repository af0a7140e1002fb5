"""Places for the corpus: modules beside the tests, a kernel of another kind, no stray settings."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from notebooks import OTHER

pytest.register_assert_rewrite("differences")


@pytest.fixture(autouse=True, scope="session")
def _places(tmp_path_factory):
    root = tmp_path_factory.mktemp("jupyter")
    spec = root / "kernels" / OTHER
    spec.mkdir(parents=True)
    launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    argv = [*launch, "--InteractiveShell.ast_node_interactivity=all"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": OTHER, "language": "python"})
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(root))
        patch.setenv("IPYTHONDIR", str(root / "ipython"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(root / "runtime"))
        yield
