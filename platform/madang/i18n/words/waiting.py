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
    "error.extend_not_for_kind.message": (
        "The time of a {kind} cannot be extended: it lives for one run's limit.",
        "{kind}의 시간은 늘릴 수 없습니다. 실행 하나의 시간 제한만큼만 유지됩니다.",
    ),
    "error.extend_not_for_kind.hint": (
        "Submit the run again with a longer limit.",
        "시간 제한을 늘려 실행을 다시 신청해 주세요.",
    ),
    "error.extend_not_now.message": (
        "Only what holds its devices can get more time; this is '{state}'.",
        "GPU를 쓰고 있는 동안에만 시간을 늘릴 수 있습니다. 현재 상태: '{state}'.",
    ),
    "error.extend_not_now.hint": (
        "While it waits, change its limit instead.",
        "대기 중이라면 시간 제한을 바꿔 주세요.",
    ),
    "error.extend_too_long.message": (
        "That makes {given_h} hours in all; the tier '{tier}' allows {limit_h}. {more_min} minutes can be added.",
        "모두 {given_h}시간이 됩니다. '{tier}' 등급은 {limit_h}시간까지이며, {more_min}분을 더 늘릴 수 있습니다.",
    ),
    "error.extend_too_long.hint": (
        "Add less, or save your work and start again.",
        "더 짧게 늘리거나, 작업을 저장한 뒤 다시 시작해 주세요.",
    ),
    # Command line.
    "cli.instead": ("{text}\n  {change}", "{text}\n  {change}"),
    "cli.change.did.keep": (
        "{id} is changed and keeps its place.",
        "{id} 신청을 바꾸었습니다. 순서는 그대로입니다.",
    ),
    "cli.change.did.move": (
        "{id} is changed and waits at the end of the line.",
        "{id} 신청을 바꾸었습니다. 줄 맨 뒤에서 기다립니다.",
    ),
    "cli.change.would.keep": (
        "{id} would keep its place. Nothing is changed yet.",
        "{id}의 순서가 그대로 유지됩니다. 아직 바꾸지 않았습니다.",
    ),
    "cli.change.would.move": (
        "{id} would go to the end of the line. Nothing is changed yet.",
        "{id}은(는) 줄 맨 뒤로 가게 됩니다. 아직 바꾸지 않았습니다.",
    ),
    "cli.change.now": ("It would start right away.", "지금 바로 시작할 수 있습니다."),
    "cli.change.place": ("Place: {place}", "순서: {place}"),
    "cli.extended": (
        "{id} may go on until {until} ({limit} min in all).",
        "{id}을(를) {until}까지 쓸 수 있습니다(모두 {limit}분).",
    ),
    # Pages.
    "pages.wait.instead": ("You could start sooner with", "더 빨리 시작할 수 있는 방법"),
    "pages.wait.instead_text": (
        "Only if it is enough for what you want to do; otherwise simply keep waiting.",
        "하려는 작업에 충분할 때만 골라 주세요. 아니라면 그대로 기다리시면 됩니다.",
    ),
    "pages.wait.instead_keeps": ("keeps your place", "순서 유지"),
    "pages.wait.instead_moves": ("goes to the end of the line", "줄 맨 뒤로 이동"),
    "pages.wait.changed": ("You changed your request", "신청을 바꾸셨습니다"),
    "pages.wait.before": (
        "You asked for {devices} before",
        "바꾸기 전 신청: {devices}",
    ),
    "pages.act.change": ("Switch to this", "이것으로 바꾸기"),
    "pages.act.change_back": ("Ask for it again", "다시 이것으로"),
    "pages.act.extend": ("1 hour more", "1시간 더"),
    "pages.ask.change.title": ("Change your request?", "신청을 바꿀까요?"),
    "pages.ask.change.text": (
        "This counts as a new request: you go to the end of the line, and your present place is given up.",
        "새 신청으로 처리되어 줄 맨 뒤로 가며, 지금 순서는 돌려받을 수 없습니다.",
    ),
}
