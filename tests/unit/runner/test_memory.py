"""Want of memory is told as such, wherever it shows."""

import pytest

from madang.runner.memory import FRESH_S, OomKills, SharedKills, limit_bytes, shortage, with_limit


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("own", "counter", "before", "after"),
    [
        ("0::/slot.scope", "sys/fs/cgroup/slot.scope/memory.events", "oom 3\noom_kill 2\n", 3),
        ("0::/", "sys/fs/cgroup/memory.events", "low 0\noom_kill 0\n", 1),
        ("4:cpu,memory:/a", "sys/fs/cgroup/memory/a/memory.oom_control", "oom_kill 7\n", 9),
        ("0::/", "proc/vmstat", "nr_free_pages 5\noom_kill 4\n", 5),
    ],
)
def test_kills_are_counted_where_the_system_counts_them(tmp_path, own, counter, before, after):
    write(tmp_path, "proc/self/cgroup", f"{own}\n")
    write(tmp_path, counter, before)
    kills = OomKills(tmp_path)
    assert kills.since() == 0
    write(tmp_path, counter, f"oom_kill {after}\n")
    assert kills.since() == after - int(before.split("oom_kill ")[1])


def test_the_kill_of_another_group_is_not_ours(tmp_path):
    write(tmp_path, "proc/self/cgroup", "0::/mine\n")
    write(tmp_path, "sys/fs/cgroup/mine/memory.events", "oom_kill 0\n")
    write(tmp_path, "proc/vmstat", "oom_kill 0\n")
    kills = OomKills(tmp_path)
    write(tmp_path, "proc/vmstat", "oom_kill 1\n")
    assert kills.since() == 0


def test_a_system_that_counts_nothing_has_killed_nothing(tmp_path):
    assert OomKills(tmp_path).since() == 0


@pytest.mark.parametrize(
    ("name", "value", "which"),
    [
        ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 20 GiB", "device"),
        ("RuntimeError", "CUDA error: out of memory", "device"),
        ("CudaAPIError", "[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY", "device"),
        ("MemoryError", "std::bad_alloc: out_of_memory: CUDA error at rmm", "device"),
        ("XlaRuntimeError", "RESOURCE_EXHAUSTED: Out of memory allocating on device", "device"),
        ("MemoryError", "", "host"),
        ("_ArrayMemoryError", "Unable to allocate 8.00 TiB for an array", "host"),
        ("ValueError", "out of range", ""),
        ("RuntimeError", "no CUDA device", ""),
        ("KeyError", "'memory'", ""),
    ],
)
def test_exceptions_say_which_memory(name, value, which):
    told = {"device": "out_of_device_memory", "host": "out_of_memory", "": ""}
    assert shortage(name, value) == told[which]


def test_a_kill_is_the_end_of_one_run_and_not_of_one_that_dies_much_later(tmp_path, monkeypatch):
    now_s = 100.0
    monkeypatch.setattr("madang.runner.memory.time.monotonic", lambda: now_s)
    write(tmp_path, "proc/vmstat", "oom_kill 4\n")
    kills = SharedKills(OomKills(tmp_path))
    assert not kills.claim()
    write(tmp_path, "proc/vmstat", "oom_kill 5\n")
    assert [kills.claim(), kills.claim()] == [True, False]
    write(tmp_path, "proc/vmstat", "oom_kill 6\n")
    kills.look()
    now_s += FRESH_S + 1
    assert not kills.claim()


@pytest.mark.parametrize(
    ("path", "said", "told"),
    [
        ("memory.max", "1610612736\n", "It died. It may use 1.5 GiB."),
        ("memory/memory.limit_in_bytes", "1073741824\n", "It died. It may use 1.0 GiB."),
        ("memory.max", "max\n", "It died."),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", "It died."),
    ],
)
def test_how_much_there_is_is_told_where_there_is_a_limit(tmp_path, path, said, told):
    write(tmp_path, f"sys/fs/cgroup/{path}", said)
    assert with_limit("It died.", tmp_path) == told
    assert (limit_bytes(tmp_path) is None) is (told == "It died.")
