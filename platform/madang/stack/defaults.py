"""Where the administrator's files are when none are named: the repository, or the package."""

from pathlib import Path

from madang.errors import InvalidError

_REPOSITORY = Path(__file__).parents[3]
_PACKAGED = Path(__file__).parent / "packaged"


def config_file(name: str, given: str | Path | None) -> Path:
    """Return the file given, else ``hub_config/<name>`` of the repository or of the package.

    Raises
    ------
    InvalidError
        ``file_missing`` when there is none.
    """
    if given:
        path = Path(given).expanduser().absolute()
        if not path.is_file():
            raise InvalidError("file_missing", path=str(path))
        return path
    for folder in (_REPOSITORY / "hub_config", _PACKAGED):
        if (folder / name).is_file():
            return folder / name
    raise InvalidError("file_missing", path=f"hub_config/{name}")


def tutorials() -> Path | None:
    """Return the folder of tutorials, jobs and data; None where only the package is installed."""
    folder = _REPOSITORY / "notebooks"
    return folder if folder.is_dir() else None
