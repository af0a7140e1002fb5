"""What the API answers, for its description: one model for each view that a use-case returns.

Routes name these as ``response_model``; views are sent as they are and never pass through them, so
a request costs nothing more. That a view and its shape are equal, key by key, is what the hostile
tests hold every answer against: no shape allows a key that it does not name, and none may be
missing.
"""
