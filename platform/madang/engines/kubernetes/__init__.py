"""The engine of a Kubernetes cluster: Kueue admits, pods and Jobs run, nodes tell what there is.

Only :mod:`madang.wiring` builds it, and only this package speaks to the API server.
"""
