"""Pure decisions over domain data: who starts next and why not, when, and what is reserved.

Called by the engines, by ``services`` and by ``simulate``. Nothing here reads a clock, a file or a
database: time comes in as UTC milliseconds, decisions go out as data, and the same calls always
give the same answers.
"""
