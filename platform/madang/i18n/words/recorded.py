"""Texts about recorded values: what was left out, the sweep's table, picture and comparison."""

TEXTS = {
    "recorded.left_out": (
        "{count} recorded values were left out. Kept are {names} names of {value_bytes} bytes each "
        "and {all_bytes} bytes in all, as JSON; NaN and infinity are not kept.",
        "기록한 값 가운데 {count}개는 남기지 않았습니다. 이름 {names}개까지, 값 하나에 {value_bytes}바이트, "
        "모두 합해 {all_bytes}바이트의 JSON을 남기며, NaN과 무한대는 남기지 않습니다.",
    ),
    "client.not_recorded": (
        "'{name}' is not recorded: a number, a text, or a short list or mapping of them is "
        "expected, {limit} bytes at most.",
        "'{name}'을(를) 기록하지 않았습니다. 수나 글자, 또는 그것들의 짧은 목록이나 매핑을 "
        "{limit}바이트까지 기록할 수 있습니다.",
    ),
    "error.table_out_unknown.message": (
        "Cannot write the table to '{given}': {known} is expected.",
        "표를 '{given}'에 쓸 수 없습니다. 쓸 수 있는 확장자: {known}.",
    ),
    "error.table_out_unknown.hint": (
        "Give the file a name with such an ending.",
        "그 확장자로 끝나는 파일 이름을 주세요.",
    ),
    "error.table_needs_parquet.message": (
        "Writing '{given}' needs pyarrow, which is not installed here.",
        "'{given}'을(를) 쓰려면 pyarrow가 필요한데, 여기에 설치되어 있지 않습니다.",
    ),
    "error.table_needs_parquet.hint": (
        "Install pyarrow, or write the table as CSV.",
        "pyarrow를 설치하거나 CSV로 저장해 주세요.",
    ),
    "error.output_unwritable.message": (
        "Cannot write '{path}': {given}.",
        "'{path}'에 쓸 수 없습니다: {given}.",
    ),
    "error.output_unwritable.hint": (
        "Choose a folder that exists and is yours.",
        "있는 폴더 가운데 쓸 수 있는 곳을 골라 주세요.",
    ),
    "column.recorded": ("recorded", "기록한 값"),
    "pages.run.recorded": ("Recorded values", "기록한 값"),
    "pages.sweep.of_recorded": ("Recorded values", "기록한 값"),
    "pages.sweep.of_parameter": ("Parameters", "매개변수"),
    "pages.sweep.sort.rising": ("smallest first", "작은 값부터"),
    "pages.sweep.sort.falling": ("largest first", "큰 값부터"),
    "pages.sweep.columns": ("Recorded values shown", "표에 보일 값"),
    "pages.sweep.plot": ("Values", "값 비교"),
    "pages.sweep.plot_y": ("Show", "세로축"),
    "pages.sweep.plot_x": ("over", "가로축"),
    "pages.sweep.plot_show": ("Draw", "그리기"),
    "pages.sweep.duration_s": ("Time in s", "걸린 시간(초)"),
    "pages.sweep.plot_label": (
        "{y} over {x}, {count} runs; the table below has the medians",
        "{x}에 따른 {y}, 실행 {count}건. 중앙값은 아래 표에 있습니다",
    ),
    "pages.sweep.plot_runs": ("{count} runs", "실행 {count}건"),
    "pages.sweep.plot_log": ("{x} by magnitude", "{x} 로그 눈금"),
    "pages.sweep.plot_left_out": (
        "{count} more values of the lower axis are not drawn",
        "가로축 값 {count}개는 그리지 않았습니다",
    ),
    "pages.sweep.plot_table": ("As a table", "표로 보기"),
    "pages.sweep.plot_none": (
        "No run has both {y} as a number and {x} yet.",
        "아직 {x} 값과 수로 된 {y} 값을 모두 가진 실행이 없습니다.",
    ),
    "pages.sweep.least": ("Least", "최솟값"),
    "pages.sweep.median": ("Median", "중앙값"),
    "pages.sweep.most": ("Most", "최댓값"),
    "pages.sweep.compare": ("Compare with another sweep", "다른 스윕과 비교"),
    "pages.compare.title": ("Two sweeps side by side", "두 스윕 비교"),
    "pages.compare.first": ("First", "첫째"),
    "pages.compare.second": ("Second", "둘째"),
    "pages.compare.show": ("Compare", "비교하기"),
    "pages.compare.choose": (
        "Choose two different sweeps. Runs with the same parameters are shown beside each other.",
        "서로 다른 스윕 두 개를 골라 주세요. 매개변수가 같은 실행을 나란히 보여 줍니다.",
    ),
    "pages.compare.facts": ("As a whole", "전체"),
    "pages.compare.of_values": (
        "Of time and recorded values the median is shown, with the least and the largest one below.",
        "시간과 기록한 값은 중앙값이며, 그 아래는 최솟값과 최댓값입니다.",
    ),
    "pages.compare.range": ("{least} to {most}, {count} runs", "{least}~{most}, 실행 {count}건"),
    "pages.compare.difference": ("Difference", "차이"),
    "pages.compare.pairs": ("Runs of the same parameters", "매개변수가 같은 실행"),
    "pages.compare.matched": (
        "{count} pairs; {first} runs only in the first, {second} only in the second",
        "{count}쌍. 첫째에만 있는 실행 {first}건, 둘째에만 있는 실행 {second}건",
    ),
    "pages.compare.none": (
        "No run of one has the parameters of a run of the other.",
        "매개변수가 같은 실행이 없습니다.",
    ),
    "pages.compare.state": ("State", "상태"),
    "pages.compare.done": ("Runs done", "끝난 실행"),
    "pages.compare.cost": ("Cost (credits)", "비용(크레딧)"),
    "pages.compare.held": ("Device-hours", "장치·시간"),
}
