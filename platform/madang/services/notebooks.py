"""What a notebook asks for, read from its text before anything is submitted."""

import asyncio

from madang.domain.run_inputs import NotebookParameters, notebook_parameters
from madang.services import access
from madang.services.requests import Actor


class Notebooks:
    """Reads notebooks for people; nothing is kept, and nothing of them is executed."""

    async def parameters(self, actor: Actor, notebook: bytes) -> NotebookParameters:
        """Return the parameters that a notebook declares.

        Raises
        ------
        InvalidError
            As :func:`madang.domain.run_inputs.check_notebook`.
        """
        access.require_person(actor)
        # Parsing up to 10 MiB would hold everybody else up.
        return await asyncio.to_thread(notebook_parameters, notebook)
