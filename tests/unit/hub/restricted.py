"""The controls of Pod Security ``restricted`` (Kubernetes 1.36), written from their description.

Independent of the program: it sees a pod as plain data and lists what the standard refuses.
"""

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(pod):
    """Return what `restricted` refuses of a pod, in words; empty when it accepts it."""
    spec = pod["spec"]
    found = [f"pod: {key}" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    found += [
        f"volume {volume.get('name')}: {kind}"
        for volume in spec.get("volumes") or []
        for kind in set(volume) - {"name"} - VOLUMES
    ]
    outer = spec.get("securityContext") or {}
    found += [f"pod: {one}" for one in _anywhere(outer)]
    found += [
        f"pod: sysctl {one['name']}"
        for one in outer.get("sysctls") or []
        if one["name"] not in SYSCTLS
    ]
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    found += [
        f"annotation {key}"
        for key, value in annotations.items()
        if key.startswith("container.apparmor.security.beta.kubernetes.io/")
        and value not in ("", "runtime/default")
        and not value.startswith("localhost/")
    ]
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind) or []:
            found += [f"{container.get('name')}: {one}" for one in _container(container, outer)]
    return found


def _anywhere(context):
    options = context.get("seLinuxOptions") or {}
    if options.get("type") not in SELINUX or options.get("user") or options.get("role"):
        yield "seLinuxOptions"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "hostProcess"
    if (context.get("appArmorProfile") or {}).get("type") == "Unconfined":
        yield "appArmorProfile"
    if context.get("runAsUser") == 0:
        yield "runAsUser 0"
    if "seccompProfile" in context and context["seccompProfile"].get("type") not in SECCOMP:
        yield "seccompProfile"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot false"


def _container(container, outer):
    context = container.get("securityContext") or {}
    yield from _anywhere(context)
    yield from _rights(context)
    if not (context.get("runAsNonRoot") or outer.get("runAsNonRoot")):
        yield "may run as root"
    if not (context.get("seccompProfile") or outer.get("seccompProfile")):
        yield "no seccompProfile"
    yield from _hosts(container)


def _rights(context):
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        yield "capabilities are not dropped"
    if set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        yield "capabilities are added"


def _hosts(container):
    if any(port.get("hostPort") for port in container.get("ports") or []):
        yield "hostPort"
    probes = [container.get(f"{one}Probe") or {} for one in ("liveness", "readiness", "startup")]
    hooks = container.get("lifecycle") or {}
    for act in [*probes, *(hook or {} for hook in hooks.values())]:
        for way in ("httpGet", "tcpSocket"):
            if (act.get(way) or {}).get("host"):
                yield "host of a probe or hook"
