"""``madang demo``: the whole story over HTTP, without a browser, on simulated devices.

It starts a real installation in a folder of its own, plays two people of two projects, checks what
it says, and leaves nothing running. Only the client side of the house is used, as a person would.
"""

from madang.stack.demo.story import demo

__all__ = ["demo"]
