"""Traces are read as they are, and what cannot be read says which line."""

import gzip
from pathlib import Path

import pytest

from madang.errors import InvalidError
from madang.i18n import problem
from madang.simulate.traces import Job, device_ms_by_project, read_itp

TRACE = Path(__file__).parents[3] / "notebooks" / "data" / "microsoft-itp-2021.csv.gz"


def written(folder, text):
    path = folder / "trace.csv.gz"
    path.write_bytes(gzip.compress(text.encode("ascii")))
    return path


def test_the_shipped_trace_is_the_one_that_its_description_names():
    jobs = read_itp(TRACE)
    assert len(jobs) == 69_351
    assert jobs[0] == Job(1_999_000, "cluster-7", 12_477_000, 1)
    assert {job.devices for job in jobs} == {1, 2, 4, 8, 16, 32, 64}
    hours = sum(device_ms_by_project(jobs).values()) / 3_600_000
    assert round(hours) == 1_632_720
    assert len(device_ms_by_project(jobs)) == 10


def test_jobs_are_sorted_and_those_without_a_second_last_a_millisecond(tmp_path):
    path = written(tmp_path, "submit_s,cluster,duration_s,gpus\n9,1,0,2\n3,2,5,1\n")
    assert read_itp(path) == [Job(3_000, "cluster-2", 5_000, 1), Job(9_000, "cluster-1", 1, 2)]
    assert read_itp(path, limit=1) == [Job(3_000, "cluster-2", 5_000, 1)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "trace_columns"),
        ("a,b\n1,2\n", "trace_columns"),
        ("submit_s,cluster,duration_s,gpus\n1,1,1\n", "trace_row"),
        ("submit_s,cluster,duration_s,gpus\n1,1,soon,1\n", "trace_row"),
    ],
)
def test_another_file_is_refused(tmp_path, text, code):
    with pytest.raises(InvalidError) as caught:
        read_itp(written(tmp_path, text))
    assert caught.value.code == code
    for lang in ("en", "ko"):
        assert "trace.csv.gz" in problem(caught.value, lang)["message"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidError, match="nothing"):
        read_itp(tmp_path / "nothing.csv.gz")
