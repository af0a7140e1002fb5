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
    "error.after_too_many.message": (
        "{given} runs and sweeps are named to wait for; at most {limit} are taken.",
        "먼저 성공해야 하는 실행과 스윕으로 {given}건을 지정했습니다. {limit}건까지 지정할 수 있습니다.",
    ),
    "error.after_too_many.hint": (
        "Wait for the last one of a chain only, or put the earlier work into one sweep.",
        "이어지는 작업이라면 마지막 것만 지정하거나, 앞선 작업을 스윕 하나로 묶어 주세요.",
    ),
    "error.after_elsewhere.message": (
        "'{given}' belongs to another project than '{project}'.",
        "'{given}'은(는) '{project}'이(가) 아닌 다른 프로젝트의 작업입니다.",
    ),
    "error.after_elsewhere.hint": (
        "Only work of the same project can be waited for; look for its id with `madang runs`.",
        "같은 프로젝트의 작업만 기다릴 수 있습니다. `madang runs`로 ID를 확인해 주세요.",
    ),
    "error.after_failed.message": (
        "'{given}' ({id}) has not succeeded, it is {state}, so nothing can start after it.",
        "'{given}'({id})이(가) 성공하지 못해(상태: {state}) 그다음에 실행할 수 없습니다.",
    ),
    "error.after_failed.hint": (
        "Run it again first, and give the id of the new one with --after.",
        "먼저 다시 실행한 뒤, 새 ID를 --after 로 지정해 주세요.",
    ),
    "run_reason.after_failed": (
        "Cancelled: what it waited for has not succeeded.",
        "먼저 성공해야 하는 작업이 성공하지 못해 취소되었습니다.",
    ),
    "column.after": ("waits for", "먼저 끝날 작업"),
    "pages.run.after": ("Starts when these have succeeded", "다음 작업이 성공하면 시작합니다"),
    "column.priority": ("priority", "우선순위"),
    "column.origin": ("repeats", "원본"),
    "column.reused": ("there already", "재사용"),
    "column.reused_from": ("result of", "결과 출처"),
    "cli.priority": (
        "{id} has priority {level} among your waiting work in the project.",
        "{id}의 우선순위를 {level}(으)로 바꿨습니다. 이 프로젝트에서 기다리는 내 작업 사이의 순서입니다.",
    ),
    "cli.run_reused": (
        "The result is there already and is taken over; it costs nothing.",
        "결과가 이미 있어서 그대로 씁니다. 비용은 들지 않습니다.",
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
