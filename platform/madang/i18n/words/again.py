"""Texts about running again with changes, from the pages."""

TEXTS = {
    "pages.again.sweep": ("Run again with changes…", "값을 바꿔 다시 실행…"),
    "pages.again.run": ("Run again with changes…", "값을 바꿔 다시 실행…"),
    "pages.again.title": ("Run “{name}” again", "‘{name}’ 다시 실행"),
    "pages.again.back_to_run": ("Back to the run", "실행으로 돌아가기"),
    "pages.again.sweep_lead": (
        "A new sweep from the same notebook, as it was then. Change what should be different; the old sweep stays as it is.",
        "그때의 노트북 그대로 새 스윕을 제출합니다. 바꿀 것만 고쳐 주세요. 이전 스윕은 그대로 남습니다.",
    ),
    "pages.again.run_lead": (
        "A new run from the same notebook, as it was then, from its first cell. The old run stays as it is.",
        "그때의 노트북 그대로 첫 셀부터 새로 실행합니다. 이전 실행은 그대로 남습니다.",
    ),
    "pages.again.not_yours": (
        "Only its person may run this again: it runs as whoever submitted it.",
        "이 실행은 제출한 분만 다시 실행할 수 있습니다. 제출한 분의 이름으로 실행되기 때문입니다.",
    ),
    "pages.again.which": ("Which runs", "다시 실행할 대상"),
    "pages.again.all": ("All ({count})", "전체 ({count}건)"),
    "pages.again.failed": (
        "Only what failed or ran out of time ({count})",
        "실패했거나 시간이 초과된 것만 ({count}건)",
    ),
    "pages.again.values_help": (
        "Fields hold the values that there were. What you change takes their place, and meets each set of the others:",
        "칸에는 이전 값이 들어 있습니다. 고친 값이 이전 값을 대신하고, 나머지 값들과 조합됩니다:",
    ),
    "pages.again.kept": ("keeps its {count} values", "이전 값 {count}개 그대로"),
    "pages.again.reuse": (
        "Take over results that are there already for the same notebook, files and values",
        "노트북, 파일, 값이 모두 같은 결과가 이미 있으면 그대로 쓰기",
    ),
    "pages.again.same": (
        "As before: project {project}, files and secrets.",
        "이전과 같은 것: 프로젝트 {project}, 파일, 비밀 값.",
    ),
    "pages.again.parameters_help": (
        "JSON. Names that you leave out keep their old value.",
        "JSON으로 씁니다. 지운 이름은 이전 값을 그대로 씁니다.",
    ),
    "pages.again.plan_empty": (
        "What it will cost shows here once what is above fits.",
        "위 내용이 맞으면 비용이 여기에 나타납니다.",
    ),
    "pages.again.plan_run": ("What it costs at most", "최대 비용"),
    "pages.again.reused_run": (
        "The result is there already: it is taken over and costs nothing.",
        "같은 결과가 이미 있어서 그대로 쓰며, 비용은 들지 않습니다.",
    ),
    "pages.again.submit_run": ("Run again", "다시 실행"),
    "pages.again.from_cell": ("Run again after cell {cell}", "{cell}번 셀 다음부터 다시 실행"),
    "pages.again.from_start": ("Run again from the start", "처음부터 다시 실행"),
    "pages.again.from_start_text": (
        "What was kept between cells is not used; all cells are executed.",
        "셀 사이에 저장해 둔 상태를 쓰지 않고 모든 셀을 실행합니다.",
    ),
    "pages.again.with_cancelled": (
        "Run again, cancelled ones too ({count})",
        "취소한 것까지 다시 실행 ({count}건)",
    ),
}
