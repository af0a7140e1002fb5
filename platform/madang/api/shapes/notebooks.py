"""What a notebook declares."""

from madang.api.shapes.base import Count, Shape


class Parameter(Shape):
    """One parameter; an empty text is what the notebook does not say. The default is Python."""

    name: str
    type: str
    default: str
    help: str


class NotebookParameters(Shape):
    """The parameters that a notebook's cell tagged ``parameters`` assigns."""

    has_cell: bool
    parameters: list[Parameter]
    cells: Count
    code_cells: Count
    files: list[str]
