"""``python <this file> <folder> <filler>``: a warm parent; see :mod:`madang.shim.warm.parent`.

Run by its path and not with ``-P``: a forked kernel would have that flag for good, and its notebook
could not import what lies beside it. The folder of this file takes the place on the path of modules
that the flag would have left out, so it goes before anything is imported.
"""

import sys

if __name__ == "__main__":
    del sys.path[0]
    from madang.shim.warm.parent import main

    sys.exit(main(sys.argv[1:]))
