"""What every setting means, in one place: the reference page is made from it.

The loaders decide what is allowed; a test compares their keys with the ones here. Used by
``madang.cli.reference`` alone.
"""

from collections.abc import Mapping

Rows = Mapping[str, tuple[str, str]]
"""(default, meaning) by key; an empty default says that there is none."""

POLICY: Mapping[str, Rows] = {
    "": {
        "rates": ("{}", "Credits per device-hour by flavor; `cpu` is free unless it is named."),
        "rate_default": ("1", "Credits per device-hour of a flavor that `rates` does not name."),
        "half_life": ("7d", "Time after which past use counts half against a project."),
        "block": ("15m", "Length of the blocks in which notebooks and clusters reserve budget."),
        "stop_grace": ("20s", "Time to save before a process is ended."),
        "zone": ("Asia/Seoul", "Time zone of days and months on statements."),
        "tiers": ("{}", "Rules of a class of projects, by name."),
        "projects": ("{}", "Projects of a fresh installation; afterwards the database is true."),
        "open_project": ("", "Project that everybody who logs in is a member of."),
        "admins": ("[]", "Names of administrators."),
        "keep_attempts": ("30d", "How long logs and records of an ended attempt are kept."),
        "notices": ("{}", "How mail and webhooks leave the house."),
        "environments": ("{}", "What environments may be built from."),
        "artifacts": ("{}", "Where snapshots and outputs of runs are kept, and how long."),
        "kubernetes": ("{}", "Kinds of devices of a cluster, and where people run on it."),
        "metrics_from_loopback": (
            "false",
            "Whether everybody on this machine may read the metrics, without the budgets.",
        ),
    },
    "tiers.<name>": {
        "max_devices_person": ("", "Devices that one person may hold at once."),
        "max_devices_project": ("", "Devices that one project may hold at once."),
        "max_hours": ("12", "Longest time limit of a lease, in hours."),
        "preemptible": ("true", "Whether a lease may be asked back for a guarantee of others."),
        "idle": (
            "",
            "A notebook whose devices were not used for so long is ended, told twice before.",
        ),
        "internet": (
            "off",
            "What its pods may reach outside, on a cluster: off, allow-list or on.",
        ),
    },
    "projects.<name>": {
        "title": ("the name", "For people."),
        "tier": ("open", "One of `tiers`."),
        "weight": ("1", "Share in the queue, against other projects."),
        "quota": ("{}", "Devices that are guaranteed, by flavor."),
        "members": ("{}", "Role by person: owner, manager, member, viewer, instructor, auditor."),
        "grant": ("0", "Credits that it starts with."),
        "grant_days": ("365", "Days for which the grant is good."),
    },
    "environments": {
        "allow_urls": ("false", "Packages may come from an address, not only from the registry."),
        "channels": (
            "[conda-forge, rapidsai, nvidia, bioconda]",
            "Conda channels that a spec may name, also `file:///…`; the first is the default.",
        ),
        "max_per_project": ("20", "Environments that a project may have."),
        "build_limit": ("2h", "Time limit of a build."),
    },
    "artifacts": {
        "url": ("", "`s3://bucket/prefix`, or another address that fsspec knows; else a folder."),
        "endpoint": ("", "Address of an S3-compatible server; empty for Amazon's."),
        "credentials_file": ("", "YAML file with `key` and `secret`; else the environment."),
        "keep_days": ("0", "Days after which the output of an ended run is deleted; 0 for never."),
    },
    "kubernetes": {
        "namespace": (
            "madang-people",
            "Namespace of everything that people run, and nothing else.",
        ),
        "prefix": ("madang", "Begins the names of queues and flavors that Madang makes."),
        "flavors": ("{}", "Kinds of devices, by name; `cpu`, which has none, is always there."),
        "queues": ("{}", "LocalQueue by project, where the site keeps its own queues."),
    },
    "kubernetes.flavors.<name>": {
        "preset": ("", "`h100`, `h200`, `b200` or a MIG slice: fills resource and memory."),
        "resource": ("nvidia.com/gpu", "What the nodes call one device."),
        "node_labels": ("{}", "Labels of the nodes that have it; no other flavor's may fit them."),
        "tolerations": ("[]", "`{key, operator, value, effect}` for taints of those nodes."),
        "devices": ("", "How many may be given out; empty for all that the nodes offer."),
        "memory_gib": ("0", "Memory of one device in GiB; 0 for not known."),
        "sharing": ("", "`time-slicing` or `mps`: memory is not kept apart, one project only."),
        "project": ("", "The one project that may use it; empty for all."),
    },
    "notices": {
        "smtp": ("", "The mail server; without it no mail is sent."),
        "mail_domains": ("[]", "Mail goes to addresses of these domains only; empty for any."),
        "webhook_loopback": ("false", "Webhooks may call this machine, by plain http. To try out."),
    },
    "notices.smtp": {
        "host": ("localhost", "Name of the server."),
        "port": ("25", "Port of the server; 587 with `starttls`."),
        "from": ("madang@localhost", "Address that the mail comes from."),
        "starttls": ("false", "Whether the connection is encrypted before anything is said."),
        "user": ("", "Name to log in with."),
        "password_file": ("", "File with the password; else `MADANG_SMTP_PASSWORD`."),
    },
}

PROFILES: Rows = {
    "titles": ("the name", "What people read: `{ko: …, en: …}`."),
    "flavor": ("gpu", "Kind of device; `gpu` is whatever the pool has, `cpu` is none."),
    "devices": ("1", "Number of devices."),
    "cpu": ("2", "Processor cores; may be a fraction, such as 0.5."),
    "memory_gib": ("4", "Memory in GiB."),
    "limit": ("4h", "Time limit."),
    "tiers": ("[]", "Tiers whose projects may pick it; empty for all."),
    "env": ("{}", "Environment variables of the server; no secrets."),
    "image": ("", "Container image in a cluster, one that `MADANG_IMAGES` allows."),
}

FOR_PEOPLE: Rows = {
    "MADANG_HOME": ("~/.local/share/madang", "Data folder of an installation on this machine."),
    "MADANG_URL": ("", "Address of the service, or of the installation."),
    "MADANG_TOKEN": ("", "Token to show it; in notebooks `JUPYTERHUB_API_TOKEN` is taken."),
    "MADANG_PROJECT": ("", "Project that pays when none is named."),
    "MADANG_LANG": ("the locale", "Language of messages: `ko` or `en`."),
    "MADANG_DEBUG": ("", "When set, the command line shows where an error comes from."),
}

IN_PROCESSES: Rows = {
    "MADANG_LEASE": ("", "Id of the lease."),
    "MADANG_ATTEMPT": ("", "Number of its attempt."),
    "MADANG_RUN": ("", "Id of the run; in the process that executes it."),
    "MADANG_ENVIRONMENT": ("", "Environment that the kernel or run executes with, if any."),
    "MADANG_CHECKPOINT_DIR": ("", "Folder that attempts and retries of a run share; in its run."),
    "MADANG_CHECKPOINT_VOLUME": (
        "",
        "Where the volume for checkpoints lies in a slot of a cluster, if there is one.",
    ),
    "MADANG_RUNS_PER_DEVICE": ("", "How many runs share the run's device, itself included."),
    "MADANG_BUILD_FOLDER": ("", "Where a build of an environment writes; in its run."),
    "MADANG_WARM_GROWTH_MIB": (
        "256",
        "By how much a process that kernels are forked from may grow before it is replaced; set for"
        " `madang up` it holds for all slots.",
    ),
    "MADANG_SIMULATED_GPUS": ("", "Simulated devices of the lease, joined by commas."),
}

FOR_THE_SERVICE: Rows = {
    "MADANG_BIND_HOST": ("127.0.0.1", "Address that the service listens on."),
    "MADANG_BIND_PORT": ("", "Port that the service listens on."),
    "MADANG_SERVICE_URL": ("where it listens", "Address on which others reach it, with prefix."),
    "MADANG_REPLICA": (
        "one that is made up",
        "Name of this replica, which no other has at the same time; on PostgreSQL.",
    ),
    "MADANG_REPLICA_HOST": (
        "where it listens",
        "Address on which the other replicas reach this one.",
    ),
    "MADANG_PUBLIC_URL": ("", "Address that people use."),
    "MADANG_HUB_API_URL": ("", "Address of the hub's API."),
    "MADANG_SERVICE_TOKEN": ("", "The service's own token at the hub. Secret."),
    "MADANG_DATABASE_URL": ("SQLite in the data folder", "`sqlite:///…` or `postgresql://…`."),
    "MADANG_POLICY": ("", "Path of policy.yaml."),
    "MADANG_PROFILES": ("", "Path of profiles.yaml."),
    "MADANG_GPUS": ("auto", "`auto`, `nvml`, `none`, or simulated such as `sim:8xh200`."),
    "MADANG_ENGINE": ("local", "What carries leases out: local or kubernetes."),
    "MADANG_KUBECONFIG": ("", "Names the cluster; empty for the one that the service runs in."),
    "MADANG_PROMETHEUS_URL": ("", "Where DCGM's readings are; empty: devices are unmetered."),
    "MADANG_LOGIN_IS_SHARED": ("1", "1 when anyone can log in as anyone; statements say so."),
    "MADANG_ISOLATION_RULES": (
        "",
        "Fingerprint of the rules that `helm test` must have proved; empty: nothing to prove.",
    ),
    "MADANG_METRICS_TOKEN": ("", "Token with which the metrics are read. Secret."),
    "MADANG_SYSTEM_USERS": ("0", "1 when servers run as accounts of this machine."),
    "MADANG_SMTP_PASSWORD": ("", "Password of the mail server. Secret."),
    "MADANG_DASHBOARD_HOST": ("127.0.0.1", "Address that dashboards of clusters are served on."),
    "MADANG_DASHBOARD_PORT": ("0", "Port of the dashboards; 0 for no dashboards."),
    "MADANG_DASHBOARD_URL": ("", "Address of the dashboards behind a proxy of the site."),
    "MADANG_DASHBOARD_CERT": ("", "PEM file: certificate of the dashboards' port, for TLS."),
    "MADANG_DASHBOARD_KEY": ("", "PEM file: its key."),
    "MADANG_POD_IMAGE": ("", "Image of slots and clusters without devices, on a cluster."),
    "MADANG_POD_GPU_IMAGE": ("the other image", "Image of slots and clusters with devices."),
    "MADANG_POD_PULL_SECRETS": ("", "Secrets with which images are pulled, joined by commas."),
    "MADANG_POD_USER_ID": ("1000", "Account inside the images; 0 is refused."),
    "MADANG_POD_CPUS": (
        "2",
        "CPUs of a scheduler, of a worker, and for each device of a slot; may be a fraction.",
    ),
    "MADANG_POD_MEMORY_GIB": ("8", "Memory of the same, in GiB."),
    "MADANG_POD_SHM_GIB": ("1", "Size of `/dev/shm` in a pod, in GiB; it counts as memory."),
    "MADANG_POD_SCRATCH_GIB": ("20", "What a pod may write to the node's disk, in GiB."),
    "MADANG_POD_CHECKPOINT_CLAIM": (
        "",
        "Volume claim on which runs keep checkpoints; empty: they are gone with their pod.",
    ),
    "MADANG_PLATFORM_NAMESPACE": ("madang", "Namespace of hub, proxy and service."),
    "MADANG_CLUSTER_IDLE": ("2h", "A Dask cluster without work for so long ends, on a cluster."),
}

FOR_THE_HUB: Rows = {
    "MADANG_SERVICE_URL": ("", "Address on which the hub reaches the service."),
    "MADANG_STACK_TOKEN": ("", "Token with which `madang up` speaks to the hub. Secret."),
    "MADANG_HUB_BIND_URL": ("", "Address that the hub listens on."),
    "MADANG_PROXY_API_URL": ("", "Address of the proxy's API."),
    "MADANG_LOGIN": (
        "shared",
        "`shared` (one password), `pam` (accounts of the machine) or `site` (the hub's own file).",
    ),
    "MADANG_PASSWORD": ("", "The shared password. Secret."),
    "MADANG_ADMIN_PASSWORD": ("", "The administrators' password. Secret."),
    "MADANG_ADMINS": ("", "Names of administrators, joined by commas."),
    "MADANG_TUTORIALS": ("", "Folder whose notebooks everybody finds."),
    "MADANG_STOP_GRACE_MS": ("20000", "Time to save before a server is ended."),
    "MADANG_HUB_CONNECT_URL": ("", "Address on which servers and proxy reach the hub."),
    "MADANG_SPAWNER": ("local", "`local` (processes of this machine) or `kubernetes` (pods)."),
    "MADANG_PEOPLE_NAMESPACE": ("madang-people", "Namespace of the pods of people."),
    "MADANG_IMAGE": ("", "Image of notebook servers; empty for what `c.KubeSpawner` says."),
    "MADANG_GPU_IMAGE": ("", "Image of those with devices; empty for the same."),
    "MADANG_IMAGES": ("", "Further images that profiles may name, joined by commas."),
    "MADANG_HOME_STORAGE": ("10Gi", "Size of each person's volume; empty for none of ours."),
    "MADANG_HOME_STORAGE_CLASS": ("", "Its storage class; empty for the cluster's usual one."),
    "MADANG_PROJECT_STORAGE": ("", "Size of each project's shared volume; empty for none."),
    "MADANG_PROJECT_STORAGE_CLASS": ("", "Its storage class, which must offer ReadWriteMany."),
}

OURS = frozenset({"MADANG_PART_OF", "MADANG_ATTEMPT_DIR", "MADANG_ROOM", "MADANG_SCHEDULER_KEY"})
"""Marks by which processes are found again, and a scheduler's key; nothing to set."""
