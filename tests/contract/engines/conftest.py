"""Makes the fixtures of ``engines_house`` known here, and the module importable for the tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from engines_house import house, local

__all__ = ["house", "local"]
