"""Use-cases of sweeps for people, put together: look, plan, submit, run again, and act on them."""

from madang.services.sweep_acts import SweepActs
from madang.services.sweep_reruns import SweepReruns


class Sweeps(SweepReruns, SweepActs):
    """What people may do with sweeps."""
