"""One transaction: the repositories over one connection. Services get it from the store."""

from sqlalchemy import Connection

from madang.store.attempts import Attempts
from madang.store.audit import Audit
from madang.store.budget import Budget
from madang.store.clusters import Clusters
from madang.store.devices import DeviceMarks
from madang.store.environments import Environments
from madang.store.grants import Grants
from madang.store.keys import Keys
from madang.store.leadership import Leadership
from madang.store.leases import Leases
from madang.store.ledger import Ledger
from madang.store.meta import Meta
from madang.store.notices import Notices
from madang.store.outputs import Outputs
from madang.store.past_use import PastUse
from madang.store.people import People
from madang.store.projects import Projects
from madang.store.runs import Runs
from madang.store.schedules import Schedules
from madang.store.secrets import Secrets
from madang.store.sessions import Sessions
from madang.store.sweep_values import SweepValues
from madang.store.sweeps import Sweeps
from madang.store.tokens import Tokens


class Tx:
    """Repositories that share one transaction; do not keep it beyond the work function.

    Parameters
    ----------
    is_fixed
        Whether it sees one moment and changes nothing: then who somebody is, and what they are in
        which project, is read once for all that is answered in it.
    """

    def __init__(self, connection: Connection, *, is_fixed: bool = False) -> None:
        self.connection = connection
        self.people = People(connection, is_fixed=is_fixed)
        self.projects = Projects(connection, is_fixed=is_fixed)
        self.budget = Budget(connection)
        self.ledger = Ledger(connection, self.budget)
        self.past_use = PastUse(connection)
        self.grants = Grants(connection, self.ledger)
        self.leases = Leases(connection)
        self.attempts = Attempts(connection)
        self.runs = Runs(connection)
        self.outputs = Outputs(connection)
        self.sweeps = Sweeps(connection)
        self.sweep_values = SweepValues(connection)
        self.schedules = Schedules(connection)
        self.clusters = Clusters(connection)
        self.environments = Environments(connection)
        self.secrets = Secrets(connection)
        self.keys = Keys(connection)
        self.tokens = Tokens(connection)
        self.sessions = Sessions(connection)
        self.notices = Notices(connection)
        self.audit = Audit(connection)
        self.meta = Meta(connection)
        self.leadership = Leadership(connection)
        self.device_marks = DeviceMarks(connection)
