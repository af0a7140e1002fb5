"""The kubeconfig that somebody gives to the tests, as one file that nobody changes under them."""

import os
from pathlib import Path
from typing import Any

from api_server import write_kubeconfig
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigMerger

_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


class NotUsableError(Exception):
    """The cluster that was given cannot be used; says why and what to do."""


def current_context(given: str, folder: Path) -> tuple[str, Path]:
    """Copy what the current context needs, so that the run stays there whoever switches.

    Parameters
    ----------
    given
        What ``KUBECONFIG`` says: a file, or several with colons between.

    Returns
    -------
    tuple
        The name of the context, and the file.

    Raises
    ------
    NotUsableError
        There is no such file, or it names no context.
    """
    try:
        config: Any = KubeConfigMerger(given).config
        if config is None:
            raise NotUsableError(f"KUBECONFIG={given}: there is no such file.")
        name = config["current-context"]
        context = config["contexts"].get_with_name(name)["context"]
        cluster = config["clusters"].get_with_name(context["cluster"])
        user = config["users"].get_with_name(context["user"])
    except (ConfigException, OSError, ValueError) as error:
        how = "kubectl config use-context NAME chooses one."
        raise NotUsableError(f"KUBECONFIG={given} names no cluster: {error}. {how}") from error
    parts = [_absolute(cluster, "cluster"), _absolute(user, "user")]
    return name, write_kubeconfig(folder / "given.kubeconfig", context["user"], *parts)


def _absolute(node: Any, key: str) -> dict[str, Any]:
    """Return a part whose paths no longer depend on where its file lies."""
    base = Path(node.path).absolute().parent
    body = {k: str(base / v) if k in _FILES else v for k, v in node[key].value.items()}
    command = (body.get("exec") or {}).get("command", "")
    if os.sep in command:
        body["exec"] = {**body["exec"], "command": str(base / command)}
    return body
