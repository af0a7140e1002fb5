"""The Pod Security standard `restricted`, as Kubernetes describes it, as a pure check."""

from collections.abc import Iterator
from typing import Any

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SECCOMP = {"RuntimeDefault", "Localhost"}
_SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
}


def violations(pod: dict[str, Any]) -> Iterator[str]:
    """Give what `restricted` would refuse a pod for."""
    context = pod.get("securityContext") or {}
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield field
    for volume in pod.get("volumes") or []:
        if kinds := set(volume) - {"name"} - _VOLUMES:
            yield f"volume {sorted(kinds)}"
    for sysctl in context.get("sysctls") or []:
        if sysctl["name"] not in _SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    yield from _options(context, "pod")
    if context.get("runAsUser") == 0:
        yield "pod runs as root"
    kinds = ("initContainers", "containers", "ephemeralContainers")
    for container in (each for kind in kinds for each in pod.get(kind) or []):
        yield from _container(container, context)


def _container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    name, own = container["name"], container.get("securityContext") or {}
    if own.get("privileged"):
        yield f"{name} privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{name} may escalate"
    if own.get("procMount", "Default") != "Default":
        yield f"{name} procMount"
    capabilities = own.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        yield f"{name} keeps capabilities"
    if set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        yield f"{name} adds capabilities"
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield f"{name} may be root"
    if own.get("runAsUser") == 0:
        yield f"{name} is root"
    profile = own.get("seccompProfile") or pod.get("seccompProfile") or {}
    if profile.get("type") not in _SECCOMP:
        yield f"{name} without seccomp"
    if any(port.get("hostPort") for port in container.get("ports") or []):
        yield f"{name} hostPort"
    yield from _options(own, name)


def _options(context: dict[str, Any], name: str) -> Iterator[str]:
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield f"{name} hostProcess"
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("user") or selinux.get("role") or selinux.get("type", "") not in _SELINUX:
        yield f"{name} seLinux"
    if (context.get("appArmorProfile") or {}).get("type") == "Unconfined":
        yield f"{name} appArmor"
    if (context.get("seccompProfile") or {}).get("type") == "Unconfined":
        yield f"{name} seccomp"
