"""``python -m madang.shim <record folder>``: the keeper. Also run by its path, without ``site``."""

import sys

if __name__ == "__main__":
    # Run by path in isolated mode nothing of ours can be imported yet; __file__ is
    # <root>/madang/shim/__main__.py.
    sys.path.insert(0, __file__.rsplit("/", 3)[0])
    from madang.shim.keeper import main

    sys.exit(main(sys.argv[1:]))
