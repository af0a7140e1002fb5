"""A cluster and a database as a large site has them: nodes, queues, leases that run and that wait.

Made for ``bench_scale.py``. API server, etcd and PostgreSQL are real, and so is every object; what
is not there is who would move them by itself: nodes have no kubelet, and no controller that takes
them for dead. Rows and objects are as the service itself would have written them; a hundred
thousand writes by way of the API server would take half an hour, so they go straight into etcd,
from where it reads them as any others.
"""

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

# In this order: both have a module ``processes``.
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))

from control_plane import ControlPlane
from kueue import Kueue
from postgres import PostgreSQL
from processes import free_ports
from scale_etcd import Etcd
from sqlalchemy import bindparam, insert, update

from madang import wiring
from madang.domain.lease import Attempt, Lease, LeaseClass, LeaseKind, LeaseState
from madang.domain.pod_labels import LEASE, pod_labels
from madang.domain.project import Membership, Project, Reservation, Role
from madang.engines.kubernetes import queues, workloads
from madang.engines.kubernetes.client import Api
from madang.services import bootstrap, leasing, views
from madang.services.core import Core
from madang.settings.config import ServiceSettings
from madang.settings.home import Home
from madang.store import Tx, tables
from madang.store.columns import values_of
from madang.units import MS_PER_HOUR, new_id, now_ms

NAME = "scale"
FLAVOR, RESOURCE, POOL = "sim-h200", "example.org/gpu", {"madang.dev/kind": "scale"}
DEVICES = 8
PEOPLE_OF_PROJECT = 5
ROWS_TOGETHER = 1_000
TOKEN = "the-service-token-of-the-bench"
POLICY = """
rates: {{{flavor}: 1}}
stop_grace: 5s
tiers: {{research: {{max_hours: 48, preemptible: false}}}}
kubernetes:
  namespace: {name}
  prefix: {name}
  flavors:
    {flavor}: {{resource: {resource}, node_labels: {{madang.dev/kind: scale}}}}
projects:
"""
PROJECT = "  lab-{n:04d}: {{tier: research, grant: 10000000, quota: {{{flavor}: {quota}}}}}\n"
# Of all that is asked of the API server, only what is listed: that is what is counted.
AUDIT = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, verbs: [list], users: [madang-service]}
- {level: None}
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the site is; devices of running leases are all that there are."""

    nodes: int
    projects: int
    active: int
    waiting: int

    @classmethod
    def share(cls, share: float) -> "Size":
        """Return a share of the whole size."""
        return cls(*(round(each * share) for each in (6_250, 1_000, 20_000, 30_000)))

    @property
    def people(self) -> int:
        """Members of all projects, five of each."""
        return PEOPLE_OF_PROJECT * self.projects


@dataclass
class World:
    """Everything but the service.

    Attributes
    ----------
    running, queued
        Leases as they were written.
    """

    size: Size
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="madang-scale-")))
    running: list[Lease] = field(default_factory=list)
    queued: list[Lease] = field(default_factory=list)
    has_kueue: bool = False

    def start(self, hub_port: int) -> None:
        """Start API server and database, and fill them."""
        policy = self.folder / "audit.yaml"
        policy.write_text(AUDIT)
        self.audit = self.folder / "audit.log"
        flags = {"audit-policy-file": str(policy), "audit-log-path": str(self.audit)}
        self.plane = ControlPlane(self.folder, flags=flags)
        self.kueue = Kueue(self.plane, usage_sampling="1h")
        self.plane.start()
        # It would take nodes without a kubelet for dead, and pods on them with them.
        self.plane.programs["kube-controller-manager"].kill()
        self.plane.programs["kube-scheduler"].kill()
        self.kueue.install_kinds()
        self.postgresql = PostgreSQL()
        self.settings = self._settings(hub_port)
        self.core = wiring.build(self.settings).core
        self.core.store.migrate()
        self._fill_rows()
        self._fill_cluster()

    def _settings(self, hub_port: int) -> ServiceSettings:
        home = self.folder / "home"
        home.mkdir(mode=0o700)
        quota = self.size.nodes * DEVICES * 3 // 5 // self.size.projects
        policy = POLICY.format(name=NAME, flavor=FLAVOR, resource=RESOURCE)
        projects = range(self.size.projects)
        policy += "".join(PROJECT.format(n=n, flavor=FLAVOR, quota=quota) for n in projects)
        (home / "policy.yaml").write_text(policy)
        profile = (
            f"gpu-1: {{titles: {{ko: '1', en: '1'}}, flavor: {FLAVOR}, devices: 1, limit: 12h}}"
        )
        (home / "profiles.yaml").write_text(profile)
        [port] = free_ports(1)
        return ServiceSettings(
            home=Home(home),
            database_url=self.postgresql.direct_url,
            bind_host="127.0.0.1",
            bind_port=port,
            public_url=f"http://127.0.0.1:{port}/",
            hub_api_url=f"http://127.0.0.1:{hub_port}/hub/api",
            api_token=TOKEN,
            policy_path=home / "policy.yaml",
            profiles_path=home / "profiles.yaml",
            engine="kubernetes",
            kubeconfig=self.plane.make_kubeconfig("service", "madang-service", "system:masters"),
        )

    # -- rows -------------------------------------------------------------------------------------

    def _fill_rows(self) -> None:
        core = self.core
        core.store.write_now(lambda tx: bootstrap.plant(core, tx))
        self.projects: list[Project] = core.store.read_now(lambda tx: tx.projects.all())
        self.people: list[str] = []
        self.numbers: dict[str, int] = {}
        core.store.write_now(self._admit_people)
        self.running = [self._running(number) for number in range(self.size.active)]
        self.queued = [self._queued(number) for number in range(self.size.waiting)]
        every = [*self.running, *self.queued]
        for first in range(0, len(every), ROWS_TOGETHER):
            some = every[first : first + ROWS_TOGETHER]
            core.store.write_now(lambda tx, some=some: _write(core, tx, some))

    def _admit_people(self, tx: Tx) -> None:
        for number in range(self.size.people):
            person = tx.people.ensure(person_name(number), self.core.clock())
            role = Role.MEMBER if number >= self.size.projects else Role.OWNER
            project = self._project(number)
            tx.projects.set_member(Membership(person=person.id, project=project.id, role=role))
            self.people.append(person.id)
            self.numbers[person.id] = number

    def _project(self, number: int) -> Project:
        return self.projects[number % len(self.projects)]

    def _lease(self, number: int, name: str, devices: int, at_ms: int) -> Lease:
        person = number % self.size.people
        return Lease(
            id=new_id("lease", at_ms),
            person=self.people[person],
            project=self._project(person).id,
            kind=LeaseKind.NOTEBOOK,
            lease_class=LeaseClass.INTERACTIVE,
            flavor=FLAVOR,
            devices=devices,
            limit_ms=12 * MS_PER_HOUR,
            submitted_ms=at_ms,
            name=f"{name}{number // self.size.people}",
        )

    def _running(self, number: int) -> Lease:
        """Return a lease that started within the last five minutes, of one device or of four."""
        started_ms = now_ms() - 1_000 - number * 299_000 // self.size.active
        devices = 4 if number % 2 else 1
        first = number // 2 * 5 + (1 if number % 2 else 0)
        return replace(
            self._lease(number, "r", devices, started_ms - 60_000),
            state=LeaseState.ACTIVE,
            attempt=1,
            admitted_ms=started_ms,
            started_ms=started_ms,
            claimed_ms=started_ms,
            rate_microcredits=self.core.policy.rate(FLAVOR),
            device_ids=tuple(f"{FLAVOR}-{first + n}" for n in range(devices)),
        )

    def _queued(self, number: int) -> Lease:
        at_ms = now_ms() - MS_PER_HOUR + number * 3_000_000 // self.size.waiting
        return self._lease(number, "q", 1, at_ms)

    # -- objects ----------------------------------------------------------------------------------

    def _fill_cluster(self) -> None:
        level = {"pod-security.kubernetes.io/enforce": "restricted"}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}}
        space["metadata"]["labels"] = level
        self.plane.apply(space)
        self.plane.apply({"apiVersion": "v1", "kind": "ServiceAccount", **_named("default")})
        projects = {project.id: project for project in self.projects}
        workload_path = "kueue.x-k8s.io/workloads"
        with Etcd(self.plane.etcd_port) as etcd:
            for number in range(self.size.nodes):
                etcd.put("minions", node(number))
            everything = [*self.running, *self.queued]
            for project, person in {(lease.project, lease.person) for lease in everything}:
                queue = queues.local_queue(self.core.policy.cluster, project, person)
                etcd.put("kueue.x-k8s.io/localqueues", queue)
            for lease in everything:
                etcd.put(workload_path, self._workload(projects, lease))
            for number, lease in enumerate(self.running):
                made = pod(number % self.size.nodes, lease)
                etcd.put("pods", {**made, "status": pod_status(lease)})

    def _workload(self, projects: dict[str, Project], lease: Lease) -> dict:
        is_held = lease.state is LeaseState.ACTIVE
        attempt = lease.attempt if is_held else lease.attempt + 1
        item = leasing.queue_item(self.core, projects[lease.project], lease, attempt)
        policy = self.core.policy.cluster
        queue = queues.queue_name(policy, item.project, item.person)
        body = workloads.workload(item, policy.flavors[0], queue, policy.prefix)
        body["metadata"]["namespace"] = NAME
        # While nothing is free it is nobody's turn.
        body["spec"]["active"] = is_held
        if is_held:
            body["spec"]["priority"] = workloads.KEPT
            body["status"] = admitted(lease)
        return body

    async def run_pod(self, api: Api, number: int, lease: Lease) -> None:
        """Make the pod of a notebook server, which runs, as hub and kubelet would."""
        path = f"/api/v1/namespaces/{NAME}/pods"
        await api.create(path, pod(number % self.size.nodes, lease))
        await api.patch(f"{path}/{lease.id}/status", {"status": pod_status(lease)})

    def let_kueue_decide(self) -> None:
        """Start Kueue's controller over all that is there."""
        self.kueue.install()
        self.has_kueue = True

    def lists(self) -> dict[str, int]:
        """Return how often the service began to list each kind of object."""
        counts: Counter[str] = Counter()
        for line in self.audit.read_text().splitlines() if self.audit.exists() else ():
            event = json.loads(line)
            asked = urlsplit(event["requestURI"])
            is_more = "continue=" in asked.query
            # The benchmark itself asks for one, to know the version.
            is_ours = parse_qs(asked.query).get("limit") == ["1"]
            if is_more or is_ours or event["responseStatus"]["code"] != 200:
                continue
            # What may end an attempt is read anew, and of that attempt alone.
            is_one = f"{LEASE}=" in unquote(asked.query)
            kind = asked.path.rpartition("/")[2]
            counts[f"{kind} of one attempt" if is_one else kind] += 1
        return dict(counts)

    def query(self, statement: str) -> object:
        """Return the first value that the database answers."""
        with self.postgresql.connect() as connection:
            return connection.execute(statement).fetchone()[0]

    def stop(self) -> None:
        """End everything."""
        if hasattr(self, "core"):
            self.core.store.close()
        if hasattr(self, "postgresql"):
            self.postgresql.stop()
        if hasattr(self, "plane"):
            self.plane.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def person_name(number: int) -> str:
    """Return the hub name of a person."""
    return f"p{number:05d}"


def node_name(number: int) -> str:
    """Return the name of a node."""
    return f"node-{number:05d}"


def node(number: int) -> dict:
    """Return a node that is ready, and has eight devices."""
    there = {"cpu": "64", "memory": "512Gi", "pods": "500", RESOURCE: str(DEVICES)}
    ready = {"type": "Ready", "status": "True", "reason": "Played", "message": ""}
    status = {"capacity": there, "allocatable": there, "conditions": [ready]}
    metadata = {"name": node_name(number), "labels": POOL}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def admitted(lease: Lease) -> dict:
    """Return what Kueue writes when it gives a lease what it asks for."""
    at = _time(lease.started_ms or now_ms())
    given = {
        "name": "main",
        "count": 1,
        "flavors": {RESOURCE: f"{NAME}-{FLAVOR}"},
        "resourceUsage": {RESOURCE: str(lease.devices)},
    }
    true = {"status": "True", "reason": "Admitted", "message": "", "lastTransitionTime": at}
    return {
        "admission": {"clusterQueue": f"{NAME}-{lease.project}", "podSetAssignments": [given]},
        "conditions": [{"type": kind, **true} for kind in ("QuotaReserved", "Admitted")],
    }


def pod(node: int, lease: Lease) -> dict:
    """Return a notebook server's pod as small as it may be."""
    labels = pod_labels(
        lease=lease.id, attempt=1, person=lease.person, project=lease.project, kind="notebook"
    )
    drop = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    profile = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {"name": "notebook", "image": "i", "securityContext": drop}
    spec = {
        "nodeName": node_name(node),
        "containers": [container],
        "restartPolicy": "Never",
        "securityContext": profile,
        "automountServiceAccountToken": False,
    }
    metadata = {"name": lease.id, "namespace": NAME, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def pod_status(lease: Lease) -> dict:
    """Return what a kubelet says of a pod that runs."""
    at = _time(lease.started_ms or now_ms())
    running = {"name": "notebook", "ready": True, "restartCount": 0, "image": "i"}
    running |= {"imageID": "i", "state": {"running": {"startedAt": at}}}
    return {"phase": "Running", "startTime": at, "containerStatuses": [running]}


def _write(core: Core, tx: Tx, leases: Sequence[Lease]) -> None:
    """Write leases, and of those that run the attempts, and what is set aside for them."""
    tx.connection.execute(insert(tables.leases), [values_of(lease) for lease in leases])
    held = [lease for lease in leases if lease.state is LeaseState.ACTIVE]
    if not held:
        return
    opened = [
        Attempt(
            lease=lease.id,
            n=1,
            admitted_ms=lease.admitted_ms or 0,
            started_ms=lease.started_ms,
            device_ids=lease.device_ids,
            rate_microcredits=lease.rate_microcredits,
        )
        for lease in held
    ]
    tx.connection.execute(insert(tables.attempts), [values_of(each) for each in opened])
    reserved = [
        Reservation(
            lease=lease.id,
            attempt=1,
            project=lease.project,
            microcredits=views.reserves(core, lease),
            until_ms=(lease.admitted_ms or 0) + core.policy.block_ms,
        )
        for lease in held
    ]
    tx.connection.execute(insert(tables.reservations), [values_of(each) for each in reserved])
    sums: Counter[str] = Counter()
    for each in reserved:
        sums[each.project] += each.microcredits
    budgets = tables.budgets
    raised = (
        update(budgets)
        .where(budgets.c.project == bindparam("of"))
        .values(reserved=budgets.c.reserved + bindparam("more"))
    )
    rows = [{"of": project, "more": amount} for project, amount in sums.items()]
    tx.connection.execute(raised, rows)


def _named(name: str) -> dict:
    return {"metadata": {"name": name, "namespace": NAME}}


def _time(at_ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms // 1000))
