"""Verbs that look after an installation: backup and restore."""

from pathlib import Path
from typing import Annotated

import typer

from madang.cli.house import HomeOption
from madang.cli.output import Json, note, say, show_json
from madang.client.standing import clock
from madang.settings.home import Home


def add_to(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (backup, restore):
        app.command()(verb)


def backup(
    home: HomeOption = None,
    to: Annotated[Path | None, typer.Option("--to", help="New file, or a folder.")] = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Passwords and tokens too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy databases, artifacts and the administrator's files, also while it is up."""
    from madang import stack

    made = stack.backup(Home.find(home), to, with_secrets=with_secrets)
    if as_json:
        show_json({"path": str(made.path), **made.manifest.to_json(), "left_out": made.left_out})
        return
    print(made.path)
    count, mib = len(made.manifest.files), made.manifest.bytes / 1024**2
    note(say("cli.backup_made", count=count, mib=f"{mib:.1f}", revision=made.manifest.revision))
    if with_secrets:
        note(say("cli.backup_secret"))
    if made.left_out:
        note(say("cli.backup_left_out", path=made.left_out))


def restore(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="What backup wrote.")],
    home: HomeOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Put aside what is in the data folder.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a backup into a data folder that nothing runs in, after checking all of it."""
    from madang import stack

    done = stack.restore(Home.find(home), archive.expanduser().absolute(), force=force)
    if as_json:
        known = {"entries": done.entries, "head_hash": done.head_hash, "config": done.config}
        show_json({**done.manifest.to_json(), **known, "put_aside": done.put_aside})
        return
    print(say("cli.restored", when=clock(done.manifest.made_ms), entries=done.entries))
    if done.put_aside:
        note(say("cli.restore_put_aside", path=done.put_aside))
    if not done.manifest.has_secrets:
        note(say("cli.restore_new_secrets"))
    options = " ".join(f"--{o.replace('_', '-')} {path}" for o, path in done.config.items())
    note(say("cli.restore_up", options=options))
