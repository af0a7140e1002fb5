"""A certificate authority for each Dask cluster, so that one tenant's key opens nothing else.

Called by the engines' launchers. The authority's private key never leaves :func:`issue_cluster`:
nobody can sign another certificate for a cluster, not even we.
"""

from madang.pki.cluster import ClusterKeys, issue_cluster

__all__ = ["ClusterKeys", "issue_cluster"]
