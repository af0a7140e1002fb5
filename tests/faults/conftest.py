"""Test modules are imported by file, so their neighbours are not found without this."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
