"""What people give by mistake, or to see what happens: each with the words that must come back.

A case is what is typed behind ``madang``, the files that stand there, the error's code and what of
the input and the limit both languages must show. ``@`` is the notebook.
"""

import json
import os
from dataclasses import dataclass, field

import nbformat

CELL = "seed: int\nlr: float = 0.1\nlayers = [1]  # type: list\nname: str = 'a'\nfree = 0"
BIG = "x" * 1_000_000
MANY = 10_001


@dataclass(frozen=True)
class Case:
    """One input; ``status`` is 2 unless the service refuses it."""

    typed: str | tuple
    code: str
    says: tuple = ()
    files: dict = field(default_factory=dict)


def notebook(metadata=None):
    cells = [
        nbformat.v4.new_code_cell(CELL, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("import time\ntime.sleep(600)"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"kernelspec": kernel, **(metadata or {})}
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=about)).encode()


def parquet(columns, names=None):
    """Return what writes a parquet file, of columns whose names may be the same."""

    def write(path):
        import pyarrow
        from pyarrow import parquet as files

        arrays = [pyarrow.array(column) for column in columns]
        files.write_table(pyarrow.table(arrays, names=names or ["seed", "lr"][: len(arrays)]), path)

    return write


def sparse(size):
    return lambda path: (path.touch(), os.truncate(path, size))


def table(name, content, code, *says):
    return Case(("sweep", "@", "--params", name), code, says, {name: content})


def one(code, *words, says=()):
    return Case(("run", "@", *(x for word in words for x in ("-p", word))), code, tuple(says))


def many(code, *words, says=()):
    return Case(("sweep", "@", *(x for word in words for x in ("--grid", word))), code, tuple(says))


CASES = {
    # -- parameters of one run
    "text for int": one("parameter_type_wrong", "seed=abc", says=("seed", "int", '"abc" (str)')),
    "float for int": one("parameter_type_wrong", "seed=1e3", says=("1000.0 (float)",)),
    "list for float": one("parameter_type_wrong", "seed=1", "lr=[1, 2]", says=("float", "[1, 2]")),
    "text for list": one("parameter_type_wrong", "seed=1", "layers=64", says=("list", "64 (int)")),
    "number for text": one("parameter_type_wrong", "seed=1", "name=5", says=("str", "5 (int)")),
    "no value for int": one("parameter_type_wrong", "seed=None", says=("null",)),
    "missing": one("parameter_missing", says=("seed",)),
    "unknown": one("parameters_undeclared", "seed=1", "sed=2", says=("sed", "seed, lr, layers")),
    "no name": one("parameter_name_invalid", "seed=1", "a b=1", says=("a b",)),
    "nan": one("grid_value_not_finite", "seed=1", "lr=NaN", says=("NaN",)),
    "nan as papermill": one("grid_value_not_finite", "seed=1", "lr=nan", says=("nan",)),
    "infinity": one("grid_value_not_finite", "seed=1", "lr=-inf", says=("-inf",)),
    "nan inside": one("grid_value_not_finite", "seed=1", "layers=[1, NaN]", says=("NaN",)),
    "beyond floats": one("parameters_not_json", "seed=1", "lr=1e999", says=("lr", "inf")),
    "100 KB": one("parameters_too_large", "seed=1", f"name={BIG[:100_000]}", says=("65536",)),
    "no utf-8": one("parameters_not_json", "seed=1", "name=\udcb0\udca1", says=("name",)),
    # -- grids
    "grid text for int": many("parameter_type_wrong", "seed=1,two", says=('"two" (str)',)),
    "grid without seed": many("parameter_missing", "lr=0.1,0.2", says=("seed",)),
    "grid unknown": many("parameters_undeclared", "seed=1", "sed=1,2", says=("sed",)),
    "grid nan": many("grid_value_not_finite", "seed=1", "lr=0.1,nan", says=("nan",)),
    "10^9 in one": many(
        "sweep_too_many_runs", "seed=1..1000000000", says=("1,000,000,000", "10000")
    ),
    "10^9 in three": many(
        *("sweep_too_many_runs", "seed=1..1000", "lr=1..1000", "free=1..1000"),
        says=("1,000,000,000", "10000"),
    ),
    "10^54": many("sweep_too_many_runs", *(f"{x}=1..{10**17}" for x in "abc"), says=("10^5",)),
    "grid twice": many("sweep_name_twice", "seed=1", "seed=2", says=("seed",)),
    "grid empty": many("grid_value_missing", "seed=1,,2", says=("seed",)),
    "grid backwards": many("grid_range_empty", "seed=9..0", says=("9..0",)),
    # -- tables
    "csv empty": table("t.csv", b"", "sweep_empty"),
    "csv only names": table("t.csv", b"seed,lr\n", "sweep_empty", "seed"),
    "csv ragged": table("t.csv", b"seed,lr\n1,2\n1\n", "table_row_uneven", "2", "1"),
    "csv names twice": table("t.csv", b"seed,seed\n1,2\n", "sweep_name_twice", "seed"),
    "csv name empty": table("t.csv", b",seed\n0,1\n", "table_name_missing", "1", "index=False"),
    "csv cp949": table(
        "값.csv", "seed,name\n1,가\n".encode("cp949"), "table_not_utf8", "값.csv", "2", "CP949"
    ),
    "csv 10,001": table(
        "t.csv", b"seed\n" + b"1\n" * MANY, "sweep_too_many_runs", "10,001", "10000"
    ),
    "csv 1 MB": table("t.csv", f"seed,name\n1,{BIG}\n".encode(), "parameters_too_large", "65536"),
    "csv nan": table("t.csv", b"seed,lr\n1,NaN\n", "grid_value_not_finite", "NaN"),
    "csv hole": table("t.csv", b"seed,lr\n1,\n", "table_value_missing", "lr", "1"),
    "csv unknown": table("t.csv", b"seed,\x1b[31m\n1,2\n", "parameters_undeclared", "\\x1b[31m"),
    "csv 100 MB": table("t.csv", sparse(100 * 1024**2), "sweep_too_large", str(32 * 1024**2)),
    "json empty": table("t.json", b"[]", "sweep_empty"),
    "json nothing": table("t.json", b"", "table_unreadable"),
    "json ragged": table(
        "t.json", b'{"seed": [1, 2], "lr": [1]}', "table_value_missing", "lr", "2"
    ),
    "json names twice": table("t.json", b'[{"seed": 1, "seed": 2}]', "sweep_name_twice", "seed"),
    "json name empty": table("t.json", b'[{"": 0, "seed": 1}]', "table_name_missing", "1"),
    "json cp949": table("t.json", '["가"]'.encode("cp949"), "table_not_utf8", "t.json"),
    "json 10,001": table(
        "t.json", json.dumps([{"seed": 1}] * MANY).encode(), "sweep_too_many_runs", "10,001"
    ),
    "json 1 MB": table(
        "t.json", json.dumps([{"seed": 1, "name": BIG}]).encode(), "parameters_too_large", "65536"
    ),
    "json nan": table("t.json", b'[{"seed": 1, "lr": NaN}]', "grid_value_not_finite", "NaN"),
    "json list for float": table(
        "t.json", b'[{"seed": 1, "lr": [1]}]', "parameter_type_wrong", "lr", "[1] (list)"
    ),
    "parquet empty": table("t.parquet", parquet([[]], ["seed"]), "sweep_empty", "seed"),
    "parquet names twice": table(
        "t.parquet", parquet([[1], [2]], ["seed", "seed"]), "sweep_name_twice", "seed"
    ),
    "parquet name empty": table(
        "t.parquet", parquet([[1], [2]], ["seed", ""]), "table_name_missing"
    ),
    "parquet broken": table("t.parquet", b"PAR1 is not enough", "table_unreadable"),
    "parquet cut": table("t.parquet", b"", "table_unreadable"),
    "parquet hole": table(
        "t.parquet", parquet([[1, 2], [0.5, None]]), "table_value_missing", "lr", "2"
    ),
    "parquet infinity": table(
        "t.parquet", parquet([[1], [float("inf")]]), "parameters_not_json", "lr", "inf"
    ),
    "parquet 10,001": table(
        "t.parquet", parquet([[1] * MANY]), "sweep_too_many_runs", "10,001", "10000"
    ),
    "parquet text": table("t.parquet", parquet([["1"]]), "parameter_type_wrong", '"1" (str)'),
    "table unknown": table("t.xlsx", b"", "table_kind_unknown", "t.xlsx", ".csv"),
    "table twice": Case(
        ("sweep", "@", "--params", "t.csv", "--grid", "seed=2"),
        *("sweep_name_twice", ("seed",), {"t.csv": b"seed\n1\n"}),
    ),
    # -- files and names
    "table missing": Case(("sweep", "@", "--params", "no t.csv"), "input_missing", ("no t.csv",)),
    "table folder": table("t.csv", lambda path: path.mkdir(), "input_not_file", "t.csv"),
    "table pipe": table("t.csv", os.mkfifo, "input_not_file", "t.csv"),
    "table circle": table(
        "t.csv", lambda path: path.symlink_to("t.csv"), "input_unreadable", "t.csv"
    ),
    "notebook missing": Case(("run", "../없음\n.ipynb"), "input_missing", ("../없음\\n.ipynb",)),
    "notebook folder": Case(("run", "."), "input_not_file", (".",)),
    "notebook device": Case(("run", "/dev/zero"), "input_not_file", ("/dev/zero",)),
    "notebook address": Case(("run", "https://a.example/x.ipynb"), "path_is_url", ("https://a",)),
    "notebook no json": Case(("run", "n"), "notebook_not_json", (), {"n": b"\xff\xfe"}),
    "notebook large": Case(
        ("run", "n"), "notebook_too_large", ("10485760", "10485761"), {"n": sparse(10485761)}
    ),
    "declared outside": Case(
        *(("run", "n.ipynb", "-p", "seed=1"), "path_outside", ("../x",)),
        {"n.ipynb": notebook({"madang": {"files": ["../../x"]}})},
    ),
    "declared link": Case(
        *(("run", "n.ipynb", "-p", "seed=1"), "path_link_outside", ("data.txt", "/etc/hostname")),
        {
            "n.ipynb": notebook({"madang": {"files": ["data.txt"]}}),
            "data.txt": lambda path: path.symlink_to("/etc/hostname"),
        },
    ),
    "file large": Case(
        *(("run", "@", "-p", "seed=1", "--file", "big"), "files_too_large", ("20971520",)),
        {"big": sparse(20 * 1024**2 + 1)},
    ),
    "name of two lines": Case(("run", "@", "-p", "seed=1", "--name", "a\nb"), "*", ("name",)),
}
