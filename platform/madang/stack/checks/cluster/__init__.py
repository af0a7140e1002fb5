"""What `madang doctor --cluster` looks at: pure functions over what was read of a cluster.

:mod:`madang.stack.cluster_doctor` reads and calls them; nothing here speaks to anything.
"""

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes.reading import ClusterFacts
from madang.stack.checks.check import Check
from madang.stack.checks.cluster import flavors, isolation, kueue, queues, rights, surroundings


def checks(facts: ClusterFacts, policy: ClusterPolicy) -> list[Check]:
    """Return all findings about a cluster."""
    return [
        *surroundings.checks(facts, policy),
        *kueue.checks(facts, policy),
        *flavors.checks(facts, policy),
        *queues.checks(facts, policy),
        *isolation.checks(facts, policy),
        *rights.checks(facts, policy),
        *surroundings.unread(facts),
    ]


__all__ = ["checks"]
