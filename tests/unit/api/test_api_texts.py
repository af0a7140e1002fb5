"""Every code that the API raises has its words in both languages; the log hides what it must."""

import logging
import re
from pathlib import Path
from string import Formatter

import madang.api
from madang.api.logs import LineFormatter
from madang.i18n import catalogue
from madang.i18n.words.api import TEXTS

SOURCE = Path(madang.api.__file__).parent
RAISED = re.compile(r"Error\(\s*\"([a-z_0-9]+)\"")


def codes() -> set[str]:
    files = [path for path in SOURCE.rglob("*.py") if "pages" not in path.relative_to(SOURCE).parts]
    found = {code for path in files for code in RAISED.findall(path.read_text())}
    return found | {"body_invalid", "query_invalid", "service_port_busy", "service_port_unusable"}


def test_every_code_has_words() -> None:
    assert len(codes()) > 25
    for code in codes():
        for part in ("message", "hint"):
            assert f"error.{code}.{part}" in catalogue() or code in (
                # Raised by the use-cases too, and worded there.
                "token_unknown",
                "token_too_narrow",
                "slot_token_only",
            )


def test_no_words_without_a_code() -> None:
    worded = {key.split(".")[1] for key in TEXTS if key.startswith("error.")}
    assert worded <= codes()


def test_both_languages_name_the_same_fields() -> None:
    for key, (english, korean) in TEXTS.items():
        fields = [
            {name for _, name, _, _ in Formatter().parse(words) if name}
            for words in (english, korean)
        ]
        assert fields[0] == fields[1], key
        assert re.search("[가-힣]", korean), key


def line(message: str, *args: object) -> str:
    record = logging.LogRecord("madang", logging.INFO, "f", 1, message, args, None)
    return LineFormatter(["s3cret-token"]).format(record)


def test_nobody_forges_a_line_or_reads_a_token() -> None:
    assert "\n" not in line("name %s", "a\r\n2026 ERROR forged\x1b[31m\u2028")
    assert "s3cret" not in line("got s3cret-token")
    assert "abcdefgh12" not in line("Authorization: token abcdefgh12")
    assert "mat_" not in line("bearer of mat_AbC-12")
    assert "abcdefgh" not in line("GET /cb?code=abcdefgh&state=abcdefgh")
    assert len(line("%s", "x" * 1_000_000)) < 1200
