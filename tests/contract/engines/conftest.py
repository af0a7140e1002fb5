"""Makes the fixtures of ``engines_house`` known here, and the module importable for the tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from engines_house import house, local
from storage_house import S3, s3, stored

__all__ = ["S3", "house", "local", "s3", "stored"]
