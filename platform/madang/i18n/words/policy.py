"""Texts about what the queue refuses, and about traces."""

TEXTS = {
    "error.unknown_flavor.message": (
        "Cannot queue the request: the pool has no devices called '{given}'. It has: {known}.",
        "요청을 대기열에 넣을 수 없습니다. '{given}'(이)라는 장치가 없습니다. 사용할 수 있는 장치: {known}.",
    ),
    "error.unknown_flavor.hint": (
        "Pick one of these, or a profile from the list.",
        "위의 장치나 목록의 프로필 중에서 골라 주세요.",
    ),
    "error.more_devices_than_pool.message": (
        "Cannot queue the request: {given} devices of '{flavor}' asked, the pool has {limit}.",
        "요청을 대기열에 넣을 수 없습니다. '{flavor}' 장치 {given}개를 요청했지만 전체가 {limit}개입니다.",
    ),
    "error.more_devices_than_pool.hint": (
        "Ask for {limit} or fewer, or split the work over several requests.",
        "{limit}개 이하로 요청하거나 작업을 여러 요청으로 나눠 주세요.",
    ),
    "error.more_devices_than_cap.message": (
        "Cannot queue the request: {given} devices asked, the project allows {limit} at once.",
        "요청을 대기열에 넣을 수 없습니다. 장치 {given}개를 요청했지만 이 프로젝트에서는 한 번에 {limit}개까지 쓸 수 있습니다.",
    ),
    "error.more_devices_than_cap.hint": (
        "Ask for {limit} or fewer, or ask an administrator to raise the cap.",
        "{limit}개 이하로 요청하거나 관리자에게 한도를 올려 달라고 문의해 주세요.",
    ),
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
