"""The command line ``madang``: parses, calls, prints. No logic of the product is here.

Ordinary verbs speak HTTP through :mod:`madang.client`; ``up``, ``down``, ``serve``, ``status``,
``doctor`` and ``demo`` call :mod:`madang.stack`. Everything heavy is imported by the verb that
needs it, so that ``--help`` answers at once.
"""
