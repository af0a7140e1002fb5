"""Trace readers and replays around ``policy`` as it is; no rule of the queue is written twice.

Called by tests, benchmarks and notebooks. Never by the service.
"""
