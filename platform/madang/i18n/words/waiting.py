"""Texts about waiting well: alternatives, changes of a request, more time."""

TEXTS = {
    "alternative.now": ("{title}: starts right away", "{title}: 지금 바로 시작"),
    "alternative.in": ("{title}: in about {minutes} min", "{title}: 약 {minutes}분 뒤 시작"),
    "alternative.sooner": (
        "{title}: about {minutes} min sooner",
        "{title}: 약 {minutes}분 더 빨리 시작",
    ),
    "error.change_not_for_kind.message": (
        "Only what a waiting notebook asks for can be changed; this is a {kind}.",
        "대기 중인 노트북의 신청만 바꿀 수 있습니다. 이 신청의 종류: {kind}.",
    ),
    "error.change_not_for_kind.hint": (
        "Withdraw it and ask again.",
        "취소한 뒤 다시 신청해 주세요.",
    ),
    "error.change_not_now.message": (
        "The request no longer waits; it is '{state}'.",
        "이미 대기 중이 아니어서 바꿀 수 없습니다. 현재 상태: '{state}'.",
    ),
    "error.change_not_now.hint": (
        "Stop it first if you want something else.",
        "다른 것이 필요하면 먼저 끝낸 뒤 다시 신청해 주세요.",
    ),
}
