"""A slot whose scratch folder is full: the run that filled it says so, the next one goes on."""

import subprocess

import nbformat
import pytest

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration

DISK_BYTES = 48 * 1024**2
DATA_BYTES = 8 * 1024**2
FILL = """
print("filling", flush=True)
with open("ballast", "wb", buffering=0) as file:
    while True:
        file.write(bytes(1 << 20))
"""
# It takes the error for its own affair, and then shows more than the room for one last save.
GO_ON = f"""
try:
    exec({FILL!r})
except OSError:
    print("no room", flush=True)
"""
SHOW = "from IPython.display import HTML\nHTML('x' * 3_000_000)"
FRESH = {"madang": {"kernel": "fresh"}}


@pytest.fixture
def scratch(tmp_path):
    """Give a small file system of its own, where this account may mount one."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "madang-scratch", str(folder)]
    try:
        refused = subprocess.run(mount, capture_output=True, text=True)
        why = refused.stderr.strip() if refused.returncode else ""
    except OSError as error:
        why = str(error)
    if why:
        pytest.skip(f"a disk of its own needs an account that may mount: {why}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def slot(service, tmp_path, python, scratch):
    told = {"MADANG_URL": service.url, "MADANG_TOKEN": "slot-token", "MADANG_LEASE": "lease-1"}
    env = python_env(tmp_path, **told) | {"TMPDIR": str(scratch)}
    process = subprocess.Popen([*python, "madang.runner.slot"], env=env, cwd=tmp_path)
    yield process
    process.kill()
    process.wait()


def text_of(found):
    outputs = [out for cell in found.cells for out in cell.get("outputs", [])]
    return "".join(out.get("text", "") for out in outputs)


def output(service, run):
    found = nbformat.from_dict(service.outputs[run])
    nbformat.validate(found)
    return nbformat.reads(nbformat.writes(found), as_version=4)


def log_of(service):
    return "".join(report["log"] for report in service.reports)


@pytest.mark.parametrize("metadata", [None, FRESH], ids=["forked", "fresh"])
def test_a_run_that_fills_the_disk_says_so_and_the_next_one_goes_on(
    service, slot, scratch, metadata
):
    service.add("run-1", notebook("print('before')", FILL, "print('never')", metadata=metadata))
    service.add("run-2", notebook("print('goes on')", metadata=metadata))
    service.wait_for(lambda: "run-1" in service.ends, 60)
    end = service.ends["run-1"]
    assert (end["state"], end["reason"]) == ("failed", "disk_full")
    assert end["error"] == {
        "cell": 2,
        "name": "OSError",
        "value": "[Errno 28] No space left on device",
    }
    found = output(service, "run-1")
    # The notebook shows where it happened: there was room kept for this one save.
    assert text_of(found) == "before\nfilling\n"
    errors = [out for cell in found.cells for out in cell.get("outputs", []) if "ename" in out]
    assert [error.ename for error in errors] == ["OSError"]
    assert "before\nfilling\n" in log_of(service)
    service.wait_for(lambda: "run-2" in service.ends, 60)
    assert service.ends["run-2"]["state"] == "succeeded"
    assert text_of(output(service, "run-2")) == "goes on\n"
    service.is_over = True
    assert slot.wait(30) == 0
    assert list(scratch.iterdir()) == []


def test_what_has_no_room_to_be_saved_is_told_and_kept_as_it_was(service, slot, scratch):
    service.add("run-1", notebook("print('before')", GO_ON, SHOW))
    service.add("run-2", notebook("print('goes on')"))
    service.wait_for(lambda: "run-2" in service.ends, 60)
    end = service.ends["run-1"]
    assert (end["state"], end["reason"]) == ("failed", "disk_full")
    assert end["error"]["value"] == "No space left on device"
    assert text_of(output(service, "run-1")) == "before\nfilling\nno room\n"
    assert "before\nfilling\nno room\n" in log_of(service)
    assert service.ends["run-2"]["state"] == "succeeded"
    service.is_over = True
    assert slot.wait(30) == 0
    assert list(scratch.iterdir()) == []


def test_half_a_copy_of_the_files_is_no_place_for_shared_cells(service, slot, scratch):
    shared = ("import os\nsize = os.path.getsize('data.bin')", "shared")
    cells = notebook(shared, ("x = 0", "parameters"), "print(size, os.path.getsize('data.bin'))")
    files = {"data.bin": bytes(DATA_BYTES)}
    ballast = scratch / "ballast"
    ballast.write_bytes(bytes(DISK_BYTES - DATA_BYTES * 3 // 2))  # room for one copy, not for two
    service.add("run-1", cells, files=files)
    service.wait_for(lambda: "run-1" in service.ends, 60)
    assert service.ends["run-1"]["reason"] == "slot_disk"
    ballast.unlink()
    service.add("run-2", cells, files=files)
    service.wait_for(lambda: "run-2" in service.ends, 60)
    assert service.ends["run-2"]["state"] == "succeeded"
    assert text_of(output(service, "run-2")) == f"{DATA_BYTES} {DATA_BYTES}\n"
