"""Names of people as names of folders. Pure."""

import hashlib
import re

_PLAIN = re.compile(r"^[a-z0-9][a-z0-9._@-]{0,62}$")


def folder_name(person: str) -> str:
    """Return a folder name for a person: the name itself where it is harmless, else its hash.

    Two people never share one, and none leads out of the folder it is put in. A hash starts with
    ``~``, which no plain name does.
    """
    if _PLAIN.match(person):
        return person
    return "~" + hashlib.sha256(person.encode()).hexdigest()[:32]
