"""Texts about work that was cancelled since what it waited for has not succeeded."""

TEXTS = {
    "notice.run.after_failed.subject": (
        "Run '{name}' was cancelled before it began",
        "실행 '{name}'이(가) 시작 전에 취소됨",
    ),
    "notice.run.after_failed.body": (
        "It waited for '{waited_for}' in {project}, which did not succeed. Mend that and run it again, then submit this one once more.",
        "{project}에서 먼저 끝나야 하는 '{waited_for}'이(가) 성공하지 못했습니다. 그쪽을 고쳐 다시 실행한 뒤, 이 실행을 다시 제출해 주세요.",
    ),
    "notice.sweep.after_failed.subject": (
        "Sweep '{name}' was cancelled before it began",
        "스윕 '{name}'이(가) 시작 전에 취소됨",
    ),
    "notice.sweep.after_failed.body": (
        "It waited for '{waited_for}' in {project}, which did not succeed. Mend that and run it again, then run this sweep again from its page.",
        "{project}에서 먼저 끝나야 하는 '{waited_for}'이(가) 성공하지 못했습니다. 그쪽을 고쳐 다시 실행한 뒤, 이 스윕은 스윕 페이지에서 다시 실행해 주세요.",
    ),
}
