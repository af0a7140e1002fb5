"""Executes notebooks inside a slot: the worker of a slot lease, and one process for each run.

``python -m madang.runner.slot`` takes run after run from the service; each is executed by
``python -m madang.runner.execute`` in a process of its own. The service imports nothing from
here, and nothing here imports the service.
"""
