"""Lets papermill go without remote storages: a run reads and writes its own folder, nothing else.

Papermill imports the library of every storage that is installed, and with pyarrow also numpy: half
of what its import costs, in each process that executes a run without having been forked.
"""

import contextlib
import sys
from collections.abc import Iterator

_LIBRARIES = ("azure", "boto3", "gcsfs", "github", "pyarrow")


@contextlib.contextmanager
def few_storages() -> Iterator[None]:
    """Import papermill as if the libraries of its storages were not installed.

    Who has imported papermill before keeps all of it. A notebook gets the real libraries, as they
    may be imported again afterwards.
    """
    is_late = "papermill" in sys.modules
    hidden = [name for name in _LIBRARIES if not is_late and name not in sys.modules]
    # What is None there is refused with an ImportError, for which papermill is prepared.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, name) is None:
                del sys.modules[name]
