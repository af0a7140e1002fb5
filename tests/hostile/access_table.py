"""Who may do what: every operation of the API and every page, for every kind of credential.

One row for each; a test fails when the application knows a route that has no row here. The things
are Bora's, a member of ``vision``:

self       Bora
owner      Olga, owner of the project          manager   Mina
member     Dana, a fellow member               viewer    Vera
other      Chan, of another project            admin     Root
notebook   the token that Root's own notebook server was given
service    the hub, acting for Bora            slot, run the attempt tokens of Bora's slot and run

These reach nothing at all, so they have no column: nobody, a token that has expired, one that the
hub has revoked, the token of another service, tokens of an attempt that has ended and the service
without a person (401); a token without the scope for this service, and whoever has left (403).
"""

COLUMNS = (
    *("self", "owner", "manager", "member", "viewer", "other", "admin", "notebook", "service"),
    *("slot", "run"),
)

TABLE = """
#                   self owner manager member viewer other admin notebook service slot run
pool_get             200  200  200  200  200  200  200  200  200  403  403
profiles_list        200  200  200  200  200  200  200  200  200  403  403
queue_get            200  200  200  200  200  200  200  200  200  403  403

lease_create         201  201  201  201  403  404  404  404  201  403  403
lease_list           200  200  200  200  200  200  200  200  200  403  403
lease_get            200  200  200  404  404  404  200  404  200  403  403
lease_claim          200  200  200  404  404  404  200  404  200  403  403
lease_hold           200  200  200  404  404  404  200  404  200  403  403
lease_change         200  200  200  404  404  404  200  404  200  403  403
lease_extend         200  200  200  404  404  404  200  404  200  403  403
lease_report         204  403  403  404  404  404  403  404  204  403  403
lease_end            200  200  200  404  404  404  200  404  200  403  403

cluster_create       201  201  201  201  403  404  404  404  201  403  201
cluster_list         200  200  200  200  200  200  200  200  200  403  200
cluster_get          200  200  200  404  404  404  200  404  200  404  404
cluster_credentials  200  404  404  404  404  404  404  404  200  404  404
cluster_facts        200  200  200  404  404  404  200  404  200  403  403
cluster_log          200  200  200  404  404  404  200  404  200  404  404
cluster_scale        200  200  200  404  404  404  200  404  200  404  404
cluster_adapt        200  200  200  404  404  404  200  404  200  404  404
cluster_end          200  200  200  404  404  404  200  404  200  404  404

run_create           201  201  201  201  403  404  404  404  201  403  403
run_list             200  200  200  200  200  200  200  200  200  403  403
run_get              200  200  200  404  404  404  200  404  200  200  200
run_output           200  200  200  404  404  404  200  404  200  403  403
run_notebook         200  200  200  404  404  404  200  404  200  403  403
run_log              200  200  200  404  404  404  200  404  200  403  403
run_retry            201  403  403  404  404  404  403  404  201  403  403
run_rerun            201  403  403  404  404  404  403  404  201  403  403
run_plan_rerun       200  403  403  404  404  404  403  404  200  403  403
run_prioritize       200  403  403  404  404  404  403  404  200  403  403
run_cancel           200  200  200  404  404  404  200  404  200  403  403
run_delete_output    200  200  200  404  404  404  200  404  200  403  403
sweep_create         201  201  201  201  403  404  404  404  201  403  403
sweep_plan           200  200  200  200  403  404  404  404  200  403  403
sweep_pilot          201  201  201  201  403  404  404  404  201  403  403
notebook_parameters  200  200  200  200  200  200  200  200  200  403  403
sweep_list           200  200  200  200  200  200  200  200  200  403  403
sweep_get            200  200  200  404  404  404  200  404  200  403  403
sweep_runs           200  200  200  404  404  404  200  404  200  403  403
sweep_compare        200  200  200  404  404  404  200  404  200  403  403
sweep_pause          200  200  200  404  404  404  200  404  200  403  403
sweep_resume         200  200  200  404  404  404  200  404  200  403  403
sweep_retry          200  403  403  404  404  404  403  404  200  403  403
sweep_rerun          201  403  403  404  404  404  403  404  201  403  403
sweep_plan_rerun     200  403  403  404  404  404  403  404  200  403  403
sweep_prioritize     200  403  403  404  404  404  403  404  200  403  403
sweep_cancel         200  200  200  404  404  404  200  404  200  403  403
schedule_create      201  201  201  201  403  404  404  404  201  403  403
schedule_copy        201  403  403  404  404  404  403  404  201  403  403
schedule_times       200  200  200  200  200  200  200  200  200  403  403
schedule_list        200  200  200  200  200  200  200  200  200  403  403
schedule_get         200  200  200  404  404  404  200  404  200  403  403
schedule_pause       200  200  200  404  404  404  200  404  200  403  403
schedule_run         200  403  403  404  404  404  403  404  200  403  403
schedule_resume      200  403  403  404  404  404  403  404  200  403  403
schedule_delete      204  204  204  404  404  404  204  404  204  403  403
sweep_delete_output  200  200  200  404  404  404  200  404  200  403  403
slot_next            403  403  403  403  403  403  403  403  403  200  403
run_report           403  403  403  403  403  403  403  403  403  200  200
run_store_output     403  403  403  403  403  403  403  403  403  200  200
run_finish           403  403  403  403  403  403  403  403  403  200  200

environment_create   201  201  201  201  403  404  404  404  201  403  403
environment_list     200  200  200  200  200  200  200  200  200  403  403
environment_get      200  200  200  200  200  404  200  404  200  403  403
environment_log      200  200  200  200  200  404  200  404  200  403  403
environment_report   200  200  200  200  200  404  200  404  200  403  403
environment_rebuild  200  200  200  403  403  404  404  404  200  403  403
environment_delete   200  200  200  403  403  404  200  404  200  403  403

project_list         200  200  200  200  200  200  200  200  200  403  403
project_create       403  403  403  403  403  403  201  403  403  403  403
project_get          200  200  200  200  200  404  200  404  200  403  403
project_rename       403  200  200  403  403  404  200  404  403  403  403
member_set           403  200  200  403  403  404  200  404  403  403  403
member_remove        403  204  204  403  403  404  204  404  403  403  403
grant_create         403  403  403  403  403  404  201  404  403  403  403
secret_list          200  200  200  200  200  404  200  404  200  403  403
secret_set           403  200  200  403  403  404  200  404  403  403  403
secret_remove        403  204  204  403  403  404  204  404  403  403  403
person_list          403  403  403  403  403  403  200  403  403  403  403
person_rename        403  403  403  403  403  403  200  403  403  403  403
person_off_board     403  403  403  403  403  403  200  403  403  403  403
admin_overview       403  403  403  403  403  403  200  403  403  403  403
audit_list           403  403  403  403  403  403  200  403  403  403  403
audit_csv            403  403  403  403  403  403  200  403  403  403  403
wait_list            200  200  200  200  200  200  200  200  200  403  403

me_get               200  200  200  200  200  200  200  200  200  403  403
usage_get            200  200  200  200  200  404  200  404  200  403  403
usage_csv            200  200  200  200  200  404  200  404  200  403  403
ledger_list          200  200  200  200  200  404  200  404  200  403  403
ledger_verify        200  200  200  200  200  200  200  200  200  403  403
notices_get          200  200  200  200  200  200  200  200  200  403  403
notices_set          200  200  200  200  200  200  200  200  200  403  403
notices_test         200  200  200  200  200  200  200  200  200  403  403
maintenance_get      200  200  200  200  200  200  200  200  200  403  403
maintenance_begin    403  403  403  403  403  403  200  403  403  403  403
maintenance_end      403  403  403  403  403  403  204  403  403  403  403
artifacts_plan       403  403  403  403  403  403  200  403  403  403  403
artifacts_expire     403  403  403  403  403  403  200  403  403  403  403
device_list          403  403  403  403  403  403  200  403  403  403  403
device_drain         403  403  403  403  403  403  200  403  403  403  403
device_return        403  403  403  403  403  403  200  403  403  403  403
event_stream         200  200  200  200  200  200  200  200  200  403  403
metrics_get          403  403  403  403  403  403  200  403  403  403  403
isolation_prove      403  403  403  403  403  403  403  403  204  403  403
isolation_doubt      403  403  403  403  403  403  403  403  204  403  403

/                    200  200  200  200  200  200  200  200  200  403  403
/queue               200  200  200  200  200  200  200  200  200  403  403
/runs                200  200  200  200  200  200  200  200  200  403  403
/runs/new            200  200  200  200  200  200  200  200  200  403  403
/runs/{run_id}       200  200  200  404  404  404  200  404  200  403  403
/runs/{run_id}/again 200  200  200  404  404  404  200  404  200  403  403
/runs/{run_id}/view  200  200  200  404  404  404  200  404  200  403  403
/sweeps              200  200  200  200  200  200  200  200  200  403  403
/sweeps/compare      200  200  200  200  200  200  200  200  200  403  403
/sweeps/new          200  200  200  200  200  200  200  200  200  403  403
/sweeps/{sweep_id}   200  200  200  404  404  404  200  404  200  403  403
/sweeps/{sweep_id}/again 200 403 403 404 404  404  403  404  200  403  403
/schedules           200  200  200  200  200  200  200  200  200  403  403
/sweeps/{sweep_id}/schedule 200 200 200 404  404  404  200  404  200  403  403
/clusters            200  200  200  200  200  200  200  200  200  403  403
/clusters/{cluster_id} 200 200 200 404  404  404  200  404  200  403  403
/clusters/{cluster_id}/dashboard 403 403 403 403 403 403 403 403 403 403 403
/projects            200  200  200  200  200  200  200  200  200  403  403
/projects/{project}  200  200  200  200  200  404  200  404  200  403  403
/usage               200  200  200  200  200  200  200  200  200  403  403
/admin               403  403  403  403  403  403  200  403  403  403  403
/settings            200  200  200  200  200  200  200  200  200  403  403
/wait                200  200  200  200  200  200  200  200  200  403  403
/wait/{lease_id}     200  200  200  404  404  404  200  404  200  403  403
"""

OPEN = {
    "health_get": 200,
    "notice_get": 200,
    "/api/openapi.json": 200,
    "/public": 200,
    "": 308,
    "/login": 303,
    "/oauth_callback": 401,
    "/static/{digest}/{name}": 404,
}
"""What anybody may ask, with or without a credential, and what it answers to all of them."""


def rows() -> dict[str, dict[str, int]]:
    """Return the expected status by operation and column."""
    lines = [line.split() for line in TABLE.splitlines() if line and not line.startswith("#")]
    assert all(len(line) == len(COLUMNS) + 1 for line in lines)
    return {name: dict(zip(COLUMNS, map(int, found), strict=True)) for name, *found in lines}
