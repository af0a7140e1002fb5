"""One settings tree: where things lie on this machine, and the two files an administrator edits."""
