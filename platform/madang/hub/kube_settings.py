"""What the hub of a cluster must be told beside everything that any hub is told."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeSettings:
    """Settings of notebook servers as pods; a site sets everything else on ``c.KubeSpawner``.

    Attributes
    ----------
    namespace
        Where the pods of people run.
    image, gpu_image
        Images of servers without and with devices; an empty ``gpu_image`` is ``image``.
    images
        What profiles may name beside these two.
    home_storage, home_storage_class
        Size and class of each person's volume; an empty size for none of ours.
    project_storage, project_storage_class
        The same of each project's volume, which servers on different nodes share; off when empty.
    """

    namespace: str = "madang-people"
    image: str = ""
    gpu_image: str = ""
    images: tuple[str, ...] = ()
    home_storage: str = "10Gi"
    home_storage_class: str = ""
    project_storage: str = ""
    project_storage_class: str = ""

    @classmethod
    def from_env(cls, values: Mapping[str, str]) -> "KubeSettings":
        """Read ``MADANG_*``; see :meth:`to_env` for the names."""
        default = cls()
        return cls(
            namespace=values.get("MADANG_PEOPLE_NAMESPACE", default.namespace),
            image=values.get("MADANG_IMAGE", ""),
            gpu_image=values.get("MADANG_GPU_IMAGE", ""),
            images=tuple(one for one in values.get("MADANG_IMAGES", "").split(",") if one),
            home_storage=values.get("MADANG_HOME_STORAGE", default.home_storage),
            home_storage_class=values.get("MADANG_HOME_STORAGE_CLASS", ""),
            project_storage=values.get("MADANG_PROJECT_STORAGE", ""),
            project_storage_class=values.get("MADANG_PROJECT_STORAGE_CLASS", ""),
        )

    def to_env(self) -> dict[str, str]:
        """Return the environment from which :meth:`from_env` reads the same settings."""
        return {
            "MADANG_PEOPLE_NAMESPACE": self.namespace,
            "MADANG_IMAGE": self.image,
            "MADANG_GPU_IMAGE": self.gpu_image,
            "MADANG_IMAGES": ",".join(self.images),
            "MADANG_HOME_STORAGE": self.home_storage,
            "MADANG_HOME_STORAGE_CLASS": self.home_storage_class,
            "MADANG_PROJECT_STORAGE": self.project_storage,
            "MADANG_PROJECT_STORAGE_CLASS": self.project_storage_class,
        }
