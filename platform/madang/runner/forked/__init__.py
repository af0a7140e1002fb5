"""The forking engine: a notebook's kernel is a fork of a warm process instead of a new interpreter.

``entry`` is papermill's way in, ``runs`` the slot's, ``engine`` what both use. ``parents`` starts
and keeps warm processes, each of which is ``nursery`` (one thread, no ZeroMQ); ``kernel`` builds
ipykernel's own objects in it, ``growing`` imports and runs shared cells, ``child`` makes a fork of
it into a kernel, ``run`` into a whole run. ``wire`` carries messages, ``manager`` is their other
end. ``imports``, ``shared``, ``checks``, ``rebirth``, ``canary`` and ``hang`` decide what may be
forked and keep it sound; where it is not, the engine takes the ordinary path and says why. The way
and its limits are in ``platform/docs/forked-kernels.md``.
"""
