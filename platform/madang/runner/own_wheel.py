"""The package of the installation as a wheel, so that environments get the very same client.

Made from the files that are installed: a registry may have another version, or somebody else's
package of that name.
"""

import base64
import hashlib
import zipfile
from importlib import metadata
from pathlib import Path

import madang

_WHEEL = "Wheel-Version: 1.0\nGenerator: madang\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(folder: Path) -> Path:
    """Write the wheel into a folder and return its path."""
    version = madang.__version__
    info = f"madang-{version}.dist-info"
    path = folder / f"madang-{version}-py3-none-any.whl"
    root = Path(madang.__file__).parent
    lines = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:

        def add(name: str, data: bytes) -> None:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(data)}")
            wheel.writestr(name, data)

        for file in sorted(root.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                add(f"madang/{file.relative_to(root).as_posix()}", file.read_bytes())
        add(f"{info}/METADATA", _metadata(version).encode())
        add(f"{info}/WHEEL", _WHEEL.encode())
        lines.append(f"{info}/RECORD,,")
        wheel.writestr(f"{info}/RECORD", "\n".join(lines) + "\n")
    return path


def _metadata(version: str) -> str:
    """Return what the installation says of itself; only name and version must be there."""
    try:
        said = metadata.distribution("madang").read_text("METADATA")
    except metadata.PackageNotFoundError:
        said = None
    return said or f"Metadata-Version: 2.1\nName: madang\nVersion: {version}\n"
