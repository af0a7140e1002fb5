"""Whether a person has packages of their own. Imported by hub and notebook servers; imports little.

A server or kernel that is forked has imported its modules before it knew whose it would be.
"""

import site
import sys
from pathlib import Path


def own_packages(home: str) -> bool:
    """Tell whether a person has installed packages of their own, which only they must see."""
    if not site.ENABLE_USER_SITE:
        return False
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return Path(home, ".local", "lib", version, "site-packages").is_dir()
