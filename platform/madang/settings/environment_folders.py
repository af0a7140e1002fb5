"""Names of what belongs to environments on one machine; hub and local engine ask here.

``<root>/<project id>/<environment id>/<revision>`` is one build, beside it ``jupyter`` with the
kernels that servers of the project offer. Nobody can list the folders above: ids cannot be guessed,
so only who was told a name gets in. Nothing here creates or reads a file.
"""

from dataclasses import dataclass
from pathlib import Path

from madang.domain.environment import EnvironmentRef

RECORD = "madang-environment.json"
"""What a build writes last of all; a folder without it is no environment."""


@dataclass(frozen=True, slots=True)
class EnvironmentFolders:
    """Names below the folder of all environments."""

    root: Path

    def project(self, project_id: str) -> Path:
        """Return the folder of a project."""
        return self.root / project_id

    def jupyter(self, project_id: str) -> Path:
        """Return what goes into ``JUPYTER_PATH`` of the project's servers."""
        return self.project(project_id) / "jupyter"

    def kernels(self, project_id: str) -> Path:
        """Return the folder of the project's kernels."""
        return self.jupyter(project_id) / "kernels"

    def revision(self, ref: EnvironmentRef) -> Path:
        """Return the folder of one build, which is also its prefix."""
        return self.project(ref.project) / ref.environment / str(ref.revision)

    def python(self, ref: EnvironmentRef) -> Path:
        """Return the interpreter of one build."""
        return self.revision(ref) / "bin" / "python"
