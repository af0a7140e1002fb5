"""Texts about what is planned: again with other parameters, order of one's own work, reuse."""

TEXTS = {
    "error.priority_not_yours.message": (
        "Only its person may change the priority of '{given}'.",
        "'{given}'의 우선순위는 제출한 분만 바꿀 수 있습니다.",
    ),
    "error.priority_not_yours.hint": (
        "A priority orders one person's own work; between people the shares of the projects decide.",
        "우선순위는 내 작업끼리의 순서입니다. 사람들 사이의 순서는 프로젝트의 몫에 따라 정해집니다.",
    ),
    "error.priority_of_sweep.message": (
        "The run '{given}' belongs to the sweep '{sweep}', which has one priority for all its runs.",
        "실행 '{given}'은(는) 스윕 '{sweep}'에 속해 있고, 스윕의 우선순위는 모든 실행에 똑같이 적용됩니다.",
    ),
    "error.priority_of_sweep.hint": (
        "Change that of the sweep: madang sweeps priority {sweep} 5",
        "스윕의 우선순위를 바꿔 주세요: madang sweeps priority {sweep} 5",
    ),
    "error.priority_too_late.message": (
        "The priority of '{given}' cannot be changed any more: it does not wait, it is {state}.",
        "'{given}'은(는) 이미 대기 상태가 아니어서(상태: {state}) 우선순위를 바꿀 수 없습니다.",
    ),
    "error.priority_too_late.hint": (
        "Only what still waits can be put into another order.",
        "아직 기다리는 실행만 순서를 바꿀 수 있습니다.",
    ),
    "column.priority": ("priority", "우선순위"),
    "column.origin": ("repeats", "원본"),
    "column.reused": ("there already", "재사용"),
    "column.reused_from": ("result of", "결과 출처"),
    "cli.priority": (
        "{id} has priority {level} among your waiting work in the project.",
        "{id}의 우선순위를 {level}(으)로 바꿨습니다. 이 프로젝트에서 기다리는 내 작업 사이의 순서입니다.",
    ),
    "cli.sweep_reused": (
        "{count} of {runs} are there already; they are not executed and cost nothing.",
        "{runs}건 중 {count}건은 이미 결과가 있어 다시 실행하지 않습니다. 비용도 들지 않습니다.",
    ),
    "pages.sweep.priority": ("Priority", "우선순위"),
    "pages.sweep.priority_of": (
        "Priority among your own work in the project",
        "이 프로젝트에서 내 작업끼리의 우선순위",
    ),
    "pages.sweep.priority_set": ("Change", "바꾸기"),
    "pages.sweep.reused": ("Already there", "재사용"),
    "pages.sweep.origin": ("Repeats", "다시 실행한 원본"),
    "pages.sweep.origin_link": ("an earlier sweep", "이전 스윕"),
    "pages.run.reused": ("Taken over from an earlier run", "이전 실행의 결과를 재사용함"),
}
