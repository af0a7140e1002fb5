"""Says that a fork would not be sound, or cannot be had; bottom of this package."""


class ForkRefusedError(Exception):
    """No fork.

    Parameters
    ----------
    reason
        A code that people find words for under ``fresh_kernel.<code>``, and what was found behind
        a space.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.code, _, self.detail = reason.partition(" ")
