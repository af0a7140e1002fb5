"""Texts about sweeps: grids, tables, use-cases, the command line and the pages."""

TEXTS = {
    "error.grid_unreadable.message": (
        "Cannot read the grid '{given}': name=value,value or name=first..last is expected.",
        "그리드 '{given}'을(를) 읽을 수 없습니다. 이름=값,값 또는 이름=처음..끝 형태여야 합니다.",
    ),
    "error.grid_unreadable.hint": (
        "For example lr=0.1,0.01 or seed=0..9; put text with commas into quotes, write lists as JSON: [64, 64].",
        "예: lr=0.1,0.01 또는 seed=0..9. 쉼표가 든 글자는 따옴표로 묶고, 목록은 [64, 64]처럼 JSON으로 써 주세요.",
    ),
    "error.grid_value_missing.message": (
        "The grid of '{name}' leaves a value out.",
        "'{name}'의 그리드에 빈 값이 있습니다.",
    ),
    "error.grid_value_missing.hint": (
        "Write None for no value and '' for an empty text.",
        "값이 없으면 None, 빈 글자는 ''로 써 주세요.",
    ),
    "error.grid_value_not_finite.message": (
        "'{given}' is no finite number, and parameters travel as JSON, which knows no others.",
        "'{given}'은(는) 유한한 수가 아닙니다. 매개변수는 JSON으로 전달되어 유한한 수만 쓸 수 있습니다.",
    ),
    "error.grid_value_not_finite.hint": (
        "Write None, or the word in quotes and float(…) in the notebook.",
        "None으로 쓰거나, 따옴표로 묶고 노트북에서 float(…)으로 바꿔 주세요.",
    ),
    "error.grid_range_empty.message": (
        "The range {given} of '{name}' holds no number.",
        "'{name}'의 범위 {given}에는 수가 없습니다.",
    ),
    "error.grid_range_empty.hint": (
        "Both ends belong to it: 0..9 are ten numbers; backwards with a step: 9..0..-1.",
        "양 끝이 포함됩니다. 0..9는 10개이고, 거꾸로는 9..0..-1처럼 간격을 써 주세요.",
    ),
    "error.sweep_name_twice.message": (
        "The parameter '{name}' is given twice.",
        "매개변수 '{name}'이(가) 두 번 주어졌습니다.",
    ),
    "error.sweep_name_twice.hint": (
        "Name it once: in a grid, in the table or with -p.",
        "그리드, 표, -p 중 한 곳에서 한 번만 써 주세요.",
    ),
    "error.sweep_empty.message": (
        "The sweep has no runs: there are no values for '{name}'.",
        "스윕에 실행이 없습니다. '{name}'의 값이 없습니다.",
    ),
    "error.sweep_empty.hint": (
        "Give at least one value, with --grid lr=0.1,0.01 or --params table.csv.",
        "--grid lr=0.1,0.01 또는 --params table.csv 로 값을 하나 이상 주세요.",
    ),
    "error.sweep_too_many_runs.message": (
        "A sweep of {given} runs is too large: at most {limit} are taken at once. Most values has '{name}'.",
        "실행 {given}건짜리 스윕은 너무 큽니다. 한 번에 {limit}건까지 받을 수 있습니다. 값이 가장 많은 것은 '{name}'입니다.",
    ),
    "error.sweep_too_many_runs.hint": (
        "Give fewer values, draw points at random into a table, or submit it in parts.",
        "값을 줄이거나, 무작위로 뽑은 점을 표로 주거나, 나누어 신청해 주세요.",
    ),
    "error.sweep_too_large.message": (
        "The parameters of all runs together are too large: at most {limit_bytes} bytes are taken.",
        "모든 실행의 매개변수를 합한 크기가 너무 큽니다. {limit_bytes}바이트까지 받을 수 있습니다.",
    ),
    "error.sweep_too_large.hint": (
        "Send large data as a file with the sweep, and its name or number as the parameter.",
        "큰 데이터는 파일로 함께 보내고, 이름이나 번호를 매개변수로 주세요.",
    ),
    "error.table_unreadable.message": (
        "Cannot read the table of parameters: {given}.",
        "매개변수 표를 읽을 수 없습니다: {given}.",
    ),
    "error.table_unreadable.hint": (
        "Give CSV with a line of names, or JSON: a list of objects, or an object of lists.",
        "이름 줄이 있는 CSV나 JSON(객체의 목록 또는 목록의 객체)으로 주세요.",
    ),
    "error.table_not_utf8.message": (
        "Line {line} of the table '{given}' is not UTF-8.",
        "표 '{given}'의 {line}번째 줄이 UTF-8이 아닙니다.",
    ),
    "error.table_not_utf8.hint": (
        "Save it again as UTF-8 (in Excel: CSV UTF-8), or convert it: iconv -f CP949 -t UTF-8.",
        "UTF-8로 다시 저장하거나(엑셀: CSV UTF-8), iconv -f CP949 -t UTF-8 로 바꿔 주세요.",
    ),
    "error.table_name_missing.message": (
        "Column {column} of the table has no name.",
        "표의 {column}번째 열에 이름이 없습니다.",
    ),
    "error.table_name_missing.hint": (
        "Write the parameter's name into the first line; pandas leaves its index out with "
        "to_csv(…, index=False).",
        "첫 줄에 매개변수 이름을 써 주세요. pandas의 색인은 to_csv(…, index=False) 로 뺄 수 있습니다.",
    ),
    "error.table_row_uneven.message": (
        "Row {row} of the table has {given} values where {limit} names are given.",
        "표의 {row}번째 행에 값이 {given}개인데, 이름은 {limit}개입니다.",
    ),
    "error.table_row_uneven.hint": (
        "Put a value with commas into double quotes.",
        "쉼표가 든 값은 큰따옴표로 묶어 주세요.",
    ),
    "error.table_value_missing.message": (
        "The table has no value for '{name}' in row {row}.",
        "표의 {row}번째 행에 '{name}'의 값이 없습니다.",
    ),
    "error.table_value_missing.hint": (
        "Fill it in; None (in JSON: null) means no value.",
        "값을 채워 주세요. 값이 없다는 뜻은 None(JSON은 null)입니다.",
    ),
    "error.table_kind_unknown.message": (
        "Cannot tell what kind of table '{given}' is; {known} are read.",
        "'{given}'이(가) 어떤 표인지 알 수 없습니다. 읽을 수 있는 것: {known}.",
    ),
    "error.table_kind_unknown.hint": (
        "Save it as CSV or JSON, with that ending.",
        "CSV나 JSON으로, 그 확장자로 저장해 주세요.",
    ),
    "error.table_needs_pandas.message": (
        "Reading '{given}' needs pandas with a parquet reader, which is not installed here.",
        "'{given}'을(를) 읽으려면 pandas와 parquet 읽기 도구가 필요한데, 여기에 설치되어 있지 않습니다.",
    ),
    "error.table_needs_pandas.hint": (
        "Install pandas and pyarrow, or save the table as CSV.",
        "pandas와 pyarrow를 설치하거나 CSV로 저장해 주세요.",
    ),
    "error.frame_needs_pandas.message": (
        "A data frame needs pandas, which is not installed here.",
        "데이터 프레임을 만들려면 pandas가 필요한데, 여기에 설치되어 있지 않습니다.",
    ),
    "error.frame_needs_pandas.hint": (
        "Install pandas, or use .rows().",
        "pandas를 설치하거나 .rows()를 쓰세요.",
    ),
    "error.sweep_unknown.message": (
        "There is no sweep '{given}' that you may see.",
        "볼 수 있는 스윕 '{given}'이(가) 없습니다.",
    ),
    "error.sweep_unknown.hint": (
        "List yours with `madang sweeps`.",
        "`madang sweeps`로 내 목록을 확인해 주세요.",
    ),
    "error.sweep_ended.message": (
        "The sweep '{given}' has ended already.",
        "스윕 '{given}'은(는) 이미 끝났습니다.",
    ),
    "error.sweep_ended.hint": (
        "Try failed runs again with `madang sweeps retry`.",
        "실패한 실행은 `madang sweeps retry`로 다시 실행해 주세요.",
    ),
    "error.sweep_nothing_to_retry.message": (
        "No run of the sweep '{given}' has failed.",
        "스윕 '{given}'에는 실패한 실행이 없습니다.",
    ),
    "error.sweep_nothing_to_retry.hint": (
        "Cancelled runs are tried again with --cancelled.",
        "취소된 실행은 --cancelled 로 다시 실행할 수 있습니다.",
    ),
    "error.sweep_still_going.message": (
        "The sweep '{name}' has not ended after {waited_s} s; it goes on.",
        "스윕 '{name}'이(가) {waited_s}초 안에 끝나지 않았습니다. 계속 실행됩니다.",
    ),
    "error.sweep_still_going.hint": (
        "Wait longer, or look later with `madang sweeps show`.",
        "더 기다리거나 나중에 `madang sweeps show`로 확인해 주세요.",
    ),
    "error.sweep_not_succeeded.message": (
        "The sweep '{name}' is '{state}': {failed} of {runs} runs did not succeed.",
        "스윕 '{name}'의 상태는 '{state}'입니다. 실행 {runs}건 중 {failed}건이 성공하지 못했습니다.",
    ),
    "error.sweep_not_succeeded.hint": (
        "See why with `madang sweeps show --state failed`, try again with `madang sweeps retry`.",
        "`madang sweeps show --state failed`로 이유를 보고, `madang sweeps retry`로 다시 실행해 주세요.",
    ),
    "error.sort_unknown.message": (
        "Cannot sort by '{given}'; known are {known}.",
        "'{given}'(으)로 정렬할 수 없습니다. 쓸 수 있는 것: {known}.",
    ),
    "error.sort_unknown.hint": ("Choose one of these.", "이 가운데 하나를 골라 주세요."),
    "notice.sweep.succeeded.subject": ("Sweep '{name}' is done", "스윕 '{name}' 완료"),
    "notice.sweep.succeeded.body": (
        "All runs of the sweep in {project} have succeeded; the table is ready.",
        "{project}의 스윕에 든 모든 실행이 성공했습니다. 표를 볼 수 있습니다.",
    ),
    "notice.sweep.failed.subject": (
        "Sweep '{name}' has ended with failures",
        "스윕 '{name}'이(가) 실패를 남기고 끝남",
    ),
    "notice.sweep.failed.body": (
        "The page below shows which runs failed, and lets you try just those again.",
        "아래 페이지에서 실패한 실행을 보고, 그것만 다시 실행할 수 있습니다.",
    ),
    "pages.sweeps.title": ("Sweeps", "스윕"),
    "pages.sweeps.summary": (
        "{going} going on, {done} finished",
        "진행 중 {going}건, 완료 {done}건",
    ),
    "pages.sweeps.lead": (
        "A sweep is many runs of one notebook, each with its own parameters.",
        "스윕은 노트북 하나를 여러 매개변수로 실행하는 묶음입니다.",
    ),
    "pages.sweeps.none": ("No sweeps yet", "아직 스윕이 없습니다"),
    "pages.sweeps.none_text": (
        "Submit one with the form here, or on a terminal of your notebook; --dry-run first says what it would cost.",
        "여기 양식이나 노트북의 터미널에서 제출해 주세요. --dry-run 옵션은 비용을 먼저 알려 줍니다.",
    ),
    "pages.sweep.of_run": ("Its sweep", "이 실행의 스윕"),
    "pages.sweep.back": ("All sweeps", "스윕 목록"),
    "pages.sweep.state.queued": ("Waiting", "대기 중"),
    "pages.sweep.state.running": ("Running", "실행 중"),
    "pages.sweep.state.paused": ("Paused", "일시 중지"),
    "pages.sweep.state.succeeded": ("Succeeded", "성공"),
    "pages.sweep.state.failed": ("Ended with failures", "실패를 남기고 끝남"),
    "pages.sweep.state.cancelled": ("Cancelled", "취소됨"),
    "pages.sweep.runs_done": ("{done} of {runs} runs", "실행 {runs}건 중 {done}건"),
    "pages.sweep.failed": ("{count} failed", "실패 {count}건"),
    "pages.sweep.expected": ("Done probably", "예상 완료"),
    "pages.sweep.limit": ("Time limit of a run", "실행당 시간 제한"),
    "pages.sweep.shared": ("Saved by shared cells", "공유 셀로 아낀 시간"),
    "pages.sweep.shared_runs": (
        "for {runs} runs they ran {times} times",
        "실행 {runs}개에 공유 셀은 {times}번만 실행",
    ),
    "pages.sweep.fresh": (
        "Slower kernel start for {runs} runs:",
        "실행 {runs}개는 커널을 느린 방식으로 시작했습니다:",
    ),
    "pages.sweep.parallel": ("Slots at the same time", "동시 슬롯"),
    "pages.sweep.retry": ("Run {count} failed again", "실패한 {count}건 다시 실행"),
    "pages.sweep.cancel": ("Cancel sweep", "스윕 취소"),
    "pages.sweep.cancel_of": ("Cancel “{name}”?", "‘{name}’ 스윕을 취소할까요?"),
    "pages.sweep.cancel_text": (
        "Runs that wait are cancelled; those that run stop after they have saved. What is done stays.",
        "기다리는 실행은 취소되고, 실행 중인 것은 저장한 뒤 멈춥니다. 끝난 결과는 그대로 남습니다.",
    ),
    "pages.sweep.table": ("Runs", "실행"),
    "pages.sweep.run": ("No.", "순번"),
    "pages.sweep.time": ("Time", "시간"),
    "pages.sweep.found": ("{total} runs", "실행 {total}건"),
    "pages.sweep.page": ("page {page} of {last}", "{last}쪽 중 {page}쪽"),
    "pages.sweep.before": ("Page before", "이전 쪽"),
    "pages.sweep.after": ("Next page", "다음 쪽"),
    "pages.sweep.all_states": ("All", "전체"),
    "pages.sweep.sort": ("Order", "정렬"),
    "pages.sweep.sort.position": ("As submitted", "신청 순서"),
    "pages.sweep.sort.duration": ("Longest first", "오래 걸린 순"),
    "pages.sweep.sort.ended": ("Last ended first", "최근에 끝난 순"),
    "pages.sweep.no_rows": ("No run is in this state.", "이 상태인 실행이 없습니다."),
    "state.paused": ("paused", "일시 중지"),
    "column.runs": ("runs", "실행"),
    "column.done": ("done", "끝남"),
    "column.failed": ("failed", "실패"),
    "column.took": ("took", "걸린 시간"),
    "column.position": ("no.", "순번"),
    "column.counts": ("runs by state", "상태별 실행"),
    "column.runs_done": ("runs done", "끝난 실행"),
    "column.max_parallel": ("slots at most", "최대 슬롯"),
    "column.expected_end_ms": ("expected end", "예상 종료"),
    "column.names": ("parameters", "매개변수"),
    "column.most_hours": ("device-h at most", "최대 장치·시간"),
    "column.most_credits": ("credits at most", "최대 크레딧"),
    "column.left_credits": ("credits left", "남은 크레딧"),
    "cli.sweep_goes_on": (
        "The sweep goes on. Look at it with: madang sweeps show {id} - or end it with: madang sweeps cancel {id}",
        "스윕은 계속됩니다. 보려면 madang sweeps show {id}, 멈추려면 madang sweeps cancel {id} 를 실행해 주세요.",
    ),
    "cli.sweep_line": (
        "{done}/{runs} runs, {running} running, {failed} failed",
        "실행 {done}/{runs}건, 실행 중 {running}건, 실패 {failed}건",
    ),
    "cli.sweep_paused": (
        "{id} is paused; what runs goes on. Let it go on with: madang sweeps resume {id}",
        "{id}을(를) 잠시 멈췄습니다. 실행 중인 것은 끝까지 갑니다. 다시 시작: madang sweeps resume {id}",
    ),
    "cli.sweep_resumed": ("{id} goes on.", "{id}을(를) 다시 시작했습니다."),
    "cli.sweep_retried": (
        "{id}: {count} runs wait again.",
        "{id}: 실행 {count}건이 다시 기다립니다.",
    ),
    "cli.sweep_more": (
        "{count} more; see them with --offset {offset}.",
        "{count}건이 더 있습니다. --offset {offset} 옵션으로 볼 수 있습니다.",
    ),
}
