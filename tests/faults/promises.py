"""What the house told people, written down by them and believed by the audit."""

from dataclasses import dataclass, field


@dataclass
class Promises:
    """What the house said, by all people together.

    Attributes
    ----------
    ids
        Noun by acknowledged id.
    places
        Time of the request of a waiting lease, as it was told.
    cancelled
        Ids that somebody ended on purpose.
    forgot
        (lease, attempt, time) of kernels that lost their memory.
    wrong
        Answers that no fault excuses.
    statuses, done
        How often each status was answered, and each thing was got done.
    """

    ids: dict = field(default_factory=dict)
    places: dict = field(default_factory=dict)
    cancelled: set = field(default_factory=set)
    forgot: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    statuses: dict = field(default_factory=dict)
    done: dict = field(default_factory=dict)

    def did(self, what):
        """Count something that a person got done."""
        self.done[what] = self.done.get(what, 0) + 1
