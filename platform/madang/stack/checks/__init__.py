"""What `madang doctor` looks at: one function for each trouble, over readings of the machine.

Each reads and changes nothing, takes its readings from ``Machine`` (so that a test gives others),
and returns findings. :mod:`madang.stack.doctor` calls them.
"""

from madang.stack.checks.check import Check
from madang.stack.checks.machine import Machine

__all__ = ["Check", "Machine"]
