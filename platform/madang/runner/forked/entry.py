"""The papermill engine ``madang``: ``papermill --engine madang in.ipynb out.ipynb``.

Papermill loads this module by its entry point while it is being imported itself, so that nothing
here may import what imports papermill, and nothing else may import this module.
"""

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager


class ForkedEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's stock engine with a kernel that was forked."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any
    ) -> Any:
        """Execute all cells; the options are those of papermill's own engine."""
        from madang.runner.forked.engine import execute_bare

        return execute_bare(nb_man, kernel_name, options)
