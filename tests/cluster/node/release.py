"""The one release that tests of people share: short times, and a whole crowd of people."""

from typing import Any

from installed import PEOPLE, PLATFORM, RELEASE, VALUES

CROWD = [f"guest{number:02}" for number in range(30)]
NO_IMAGE = "registry.invalid/nobody/nothing:1"
_VISION = {"ada": "owner", "dana": "member", "vera": "viewer", "hal": "member", "gil": "member"}
_PROJECTS = VALUES["policy"]["projects"]

CHANGES: dict[str, Any] = {
    # One of the images is nowhere.
    "prepull": {"enabled": False},
    "hub": {**VALUES["hub"], "config": {"LeasedKubeSpawner": {"volume_patience_s": 20}}},
    "people": {
        **VALUES["people"],
        "project": {"size": "1Gi"},
        "pods": {**VALUES["people"]["pods"], "clusterIdle": "60s"},
        "images": [NO_IMAGE],
    },
    "policy": {
        **VALUES["policy"],
        "tiers": {
            **VALUES["policy"]["tiers"],
            "drowsy": {"max_devices_person": 4, "max_hours": 48, "idle": "40s"},
        },
        "projects": {
            **_PROJECTS,
            "nap-lab": {
                "title": "Nap",
                "tier": "drowsy",
                "grant": 500,
                "members": {"noa": "owner"},
            },
            "vision-lab": {**_PROJECTS["vision-lab"], "members": _VISION},
            "crowd": {
                "title": "Crowd",
                "tier": "research",
                "grant": 500,
                "members": dict.fromkeys(CROWD, "member"),
            },
        },
    },
    "profiles": {
        **VALUES["profiles"],
        "gpu-4": {
            "titles": {"ko": "GPU 4개", "en": "4 GPUs"},
            "devices": 4,
            "cpu": 0.3,
            "memory_gib": 1,
        },
        "no-image": {
            "titles": {"ko": "없음", "en": "Nowhere"},
            "image": NO_IMAGE,
            "devices": 1,
            "cpu": 0.3,
            "memory_gib": 1,
        },
    },
}


def install(installed: Any) -> None:
    """Install it, on a node on which nothing of an earlier release is left."""
    clear(installed)
    installed.put("install", CHANGES)


def clear(installed: Any) -> None:
    """Take away what an earlier release left: itself, its volumes, and those of people."""
    if RELEASE in installed.helm("list", "--short"):
        installed.helm("uninstall", RELEASE, "--wait")
    for namespace in (PLATFORM, PEOPLE):
        if namespace in installed.names("namespaces"):
            # Else volumes and the Secret would come back with all that was in them.
            installed.kubectl("delete", "namespace", namespace, "--wait", "--timeout=90s")
