"""Runs the stack in a process of its own, with the fake service in the service's place."""

import dataclasses
import sys
from pathlib import Path

from madang.errors import MadangError
from madang.settings.home import Home
from madang.stack.plan import UpOptions
from madang.stack.up import run

SCRIPT = Path(__file__).with_name("fake_service.py")


def with_fake(plan):
    service = plan.parts["service"]
    argv = (sys.executable, str(SCRIPT), str(plan.ports["service"]), plan.secrets.service_token)
    parts = {**plan.parts, "service": dataclasses.replace(service, argv=argv)}
    return dataclasses.replace(plan, parts=parts)


def with_broken(plan):
    argv = (sys.executable, "-c", "print('no such table: leases'); raise SystemExit(3)")
    service = dataclasses.replace(plan.parts["service"], argv=argv)
    return dataclasses.replace(plan, parts={**plan.parts, "service": service})


if __name__ == "__main__":
    home, port, kind = sys.argv[1:]
    change = with_broken if kind == "broken" else with_fake
    try:
        run(
            Home(Path(home)),
            UpOptions(port=int(port)),
            lambda line: print(line, flush=True),
            lambda: print("READY", flush=True),
            change=change,
        )
    except MadangError as error:
        print(f"FAILED {error.code} {error.details}", flush=True)
        raise SystemExit(1) from error
