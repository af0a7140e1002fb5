"""Values of secrets are taken out of what a run leaves, in the forms that programs write."""

import base64
import html
import json
import urllib.parse

import pytest

from madang.runner.redaction import NOTHING, Redactor

VALUE = "sk-live/0123+456=äß"
LINES = "-----BEGIN KEY-----\nabcdefgh12345678\n  short\n  ijklmnop87654321  \n-----END KEY-----"
HIDDEN = Redactor({"KEY": VALUE, "PEM": LINES, "PIN": "1234567"})


@pytest.mark.parametrize(
    "form",
    [
        VALUE,
        urllib.parse.quote(VALUE),
        urllib.parse.quote(VALUE, safe=""),
        urllib.parse.quote_plus(VALUE),
        html.escape(VALUE),
        json.dumps(VALUE)[1:-1],
        repr(VALUE)[1:-1],
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
    ],
)
def test_forms_of_a_value(form: str) -> None:
    assert HIDDEN.text(f"<{form}|{form}>") == "<[secret KEY]|[secret KEY]>"


def test_lines_of_a_value_and_short_ones() -> None:
    assert HIDDEN.text(LINES) == "[secret PEM]"
    assert HIDDEN.text("x abcdefgh12345678 y ijklmnop87654321") == "x [secret PEM] y [secret PEM]"
    assert HIDDEN.text("short 1234567") == "short 1234567"
    assert HIDDEN.text(repr(LINES)) == "'[secret PEM]'"


def test_the_longer_of_two_values_wins() -> None:
    both = Redactor({"A": "12345678", "B": "12345678-and-more"})
    assert both.text("12345678-and-more 12345678-and") == "[secret B] [secret A]-and"
    assert both.text("x" * 100_000 + "1234567") == "x" * 100_000 + "1234567"


def test_data_of_any_shape() -> None:
    given = {"a": [VALUE, {VALUE: 1}], "b": (1, None, 2.5, True)}
    cleaned = {"a": ["[secret KEY]", {"[secret KEY]": 1}], "b": [1, None, 2.5, True]}
    assert HIDDEN.everything(given) == cleaned
    assert NOTHING.everything(given) is given


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 17, 1000])
def test_a_stream_in_pieces(size: int) -> None:
    hidden = Redactor({"KEY": VALUE, "PEM": LINES})
    text = f"begin {VALUE}{VALUE} sk-live/0123 {LINES} end sk-l"
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    shown = "".join(hidden.streamed("stdout", piece) for piece in pieces)
    assert VALUE not in shown
    done = shown + hidden.rest()
    assert "abcdefgh12345678" not in done
    assert done.startswith("begin [secret KEY][secret KEY] sk-live/0123 [secret PEM]")
    assert done.endswith(" end sk-l")


def test_two_streams_do_not_meet() -> None:
    hidden = Redactor({"KEY": VALUE})
    shown = hidden.streamed("stdout", VALUE[:9]) + hidden.streamed("stderr", "meanwhile\n")
    shown += hidden.streamed("stdout", VALUE[9:] + "\n")
    assert shown == "meanwhile\n[secret KEY]\n"


def test_streams_of_a_saved_cell_are_looked_at_whole() -> None:
    def out(name: str, text: str) -> dict[str, str]:
        return {"output_type": "stream", "name": name, "text": text}

    shown = {
        "output_type": "display_data",
        "data": {"text/html": f"<b>{VALUE}</b>"},
        "metadata": {},
    }
    cell = {
        "cell_type": "code",
        "source": "unchanged",
        "metadata": {"x": VALUE},
        "outputs": [out("stdout", VALUE[:5]), out("stderr", "e"), shown, out("stdout", VALUE[5:])],
    }
    (cleaned,) = HIDDEN.cells([cell])
    assert VALUE not in json.dumps(cleaned, ensure_ascii=False)
    assert [one.get("text") for one in cleaned["outputs"]] == ["[secret KEY]", "e", None]
    assert cleaned["outputs"][2]["data"] == {"text/html": "<b>[secret KEY]</b>"}
    assert (cleaned["source"], cleaned["metadata"]) == ("unchanged", {"x": "[secret KEY]"})
    assert cell["outputs"][0]["text"] == VALUE[:5]
