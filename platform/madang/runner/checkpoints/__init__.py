"""Checkpoints: what a run's cells have made so far, kept so that another attempt goes on from it.

``place`` finds the folder of a run and cleans up (slot), ``keeper`` decides and tells (the process
that executes), ``asking`` talks to the kernel, which is sent ``inside`` and ``checking`` as text.
"""
