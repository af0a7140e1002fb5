"""Texts about traces. What the queue refuses is worded with the other refusals of a lease."""

TEXTS = {
    "error.trace_columns.message": (
        "Cannot read the trace {path}: its columns are {given}, expected {limit}.",
        "트레이스 {path}을(를) 읽을 수 없습니다. 열이 {given}인데 {limit}이어야 합니다.",
    ),
    "error.trace_columns.hint": (
        "Compare the first line of the file with the description beside it.",
        "파일의 첫 줄을 함께 있는 설명과 비교해 보세요.",
    ),
    "error.trace_row.message": (
        "Cannot read line {line} of the trace {path}: {given} are not four whole numbers.",
        "트레이스 {path}의 {line}번째 줄을 읽을 수 없습니다. {given}은(는) 정수 네 개가 아닙니다.",
    ),
    "error.trace_row.hint": (
        "Correct or remove the line, then start again.",
        "해당 줄을 고치거나 지운 뒤 다시 시작해 주세요.",
    ),
}
