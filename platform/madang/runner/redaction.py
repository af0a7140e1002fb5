"""Takes the values of secrets out of what a run leaves: outputs, recorded values, log, errors.

Used by the process that executes, which knows the values. It finds a value as it is, each line of
it, and the forms that programs commonly write it in; what a notebook has made of a value by itself
nobody can recognise.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Characters of a value that is looked for: shorter ones stand in too much by chance."""


class Redactor:
    """Knows what to look for, and what to write instead.

    Parameters
    ----------
    values
        By the name of their secret.

    Attributes
    ----------
    values
        Those that are long enough to be looked for.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = [value for value in values.values() if len(value) >= SHORTEST]
        self._names: dict[str, str] = {}
        for name, value in values.items():
            for form in _forms(value):
                self._names.setdefault(form, name)
        self._by_start: dict[str, list[str]] = {}
        for form in sorted(self._names, key=len, reverse=True):
            self._by_start.setdefault(form[:SHORTEST], []).append(form)
        self._start = _any_of(self._by_start)
        self._held: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Return a text without the values."""
        if not self._by_start:
            return text
        pieces, done = [], 0
        for begin, end, name in self._found(text):
            pieces += [text[done:begin], f"[secret {name}]"]
            done = end
        return "".join([*pieces, text[done:]])

    def everything(self, data: Any) -> Any:
        """Return JSON data with no value in any text of it, keys too."""
        if not self._by_start:
            return data
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {self.text(str(key)): self.everything(one) for key, one in data.items()}
        if isinstance(data, list | tuple):
            return [self.everything(one) for one in data]
        return data

    def streamed(self, stream: str, text: str) -> str:
        """Return what may be shown of a stream by now: the start of a value is held back."""
        if not self._by_start:
            return text
        clean = self.text(self._held.get(stream, "") + text)
        end = self._open_at(clean)
        self._held[stream] = clean[end:]
        return clean[:end]

    def rest(self) -> str:
        """Return what was held back and came to no value."""
        held, self._held = self._held, {}
        return "".join(held.values())

    def cells(self, cells: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the cells of a notebook with their outputs and metadata redacted."""
        return [self._cell(cell) for cell in cells]

    def _cell(self, cell: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(cell)
        made["metadata"] = self.everything(cell["metadata"])
        if "outputs" in cell:
            made["outputs"] = self.everything(self._merged(cell["outputs"]))
        return made

    def _merged(self, outputs: list[Any]) -> list[Any]:
        """Return outputs; a stream that has a value across several becomes one of them."""
        streams: dict[str, list[str]] = {}
        for one in outputs:
            if one["output_type"] == "stream":
                streams.setdefault(one["name"], []).append(one["text"])
        split = {
            name: "".join(texts)
            for name, texts in streams.items()
            if self.text("".join(texts)) != "".join(map(self.text, texts))
        }
        kept = []
        for one in outputs:
            name = one["name"] if one["output_type"] == "stream" else ""
            if name in split:
                whole = split[name]
                if whole:
                    kept.append({**one, "text": whole})
                split[name] = ""
            else:
                kept.append(one)
        return kept

    def _found(self, text: str) -> Iterator[tuple[int, int, str]]:
        place = 0
        while begun := self._start.search(text, place):
            place = begun.start()
            for form in self._by_start[begun.group()]:
                if text.startswith(form, place):
                    yield place, place + len(form), self._names[form]
                    place += len(form)
                    break
            else:
                place += 1

    def _open_at(self, text: str) -> int:
        """Return where something begins that may become a value with what comes next."""
        place = 0
        while begun := self._start.search(text, place):
            rest = text[begun.start() :]
            if any(form.startswith(rest) for form in self._by_start[begun.group()]):
                return begun.start()
            place = begun.start() + 1
        for place in range(max(0, len(text) - SHORTEST + 1), len(text)):
            if any(start.startswith(text[place:]) for start in self._by_start):
                return place
        return len(text)


def _forms(value: str) -> Iterator[str]:
    """Yield what a value looks like where a program wrote it."""
    raw = value.encode()
    whole = [value, value.strip(), html.escape(value), quote(value, safe=""), quote_plus(value)]
    whole += [quote(value), json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]]
    whole += [repr(value)[1:-1], base64.b64encode(raw).decode()]
    whole += [base64.urlsafe_b64encode(raw).decode(), base64.encodebytes(raw).decode().strip()]
    # Without the end that depends on what follows: a value is often part of what is encoded.
    whole += [base64.b64encode(raw).decode().rstrip("="), raw.hex()]
    lines = (line.strip() for line in value.splitlines())
    for form in [*whole, *lines]:
        if len(form) >= SHORTEST:
            yield form


def _any_of(starts: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of texts, grouped by their first character: it is tried at each place."""
    groups: dict[str, list[str]] = {}
    for start in starts:
        groups.setdefault(start[0], []).append(re.escape(start[1:]))
    choices = (f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in groups.items())
    return re.compile("|".join(choices))


NOTHING = Redactor({})
"""For runs without secrets."""
