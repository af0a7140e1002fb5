"""Texts about schedules: use-cases, notices and the command line."""

TEXTS = {
    "error.cron_unreadable.message": (
        "Cannot read '{given}': five fields are expected, minute, hour, day, month and weekday.",
        "'{given}'을(를) 읽을 수 없습니다. 분, 시, 일, 월, 요일의 다섯 칸이어야 합니다.",
    ),
    "error.cron_unreadable.hint": (
        "For example '0 2 * * *' is every night at two, '30 9 * * MON-FRI' each working day.",
        "예: '0 2 * * *'는 매일 새벽 2시, '30 9 * * MON-FRI'는 평일 9시 30분입니다.",
    ),
    "error.cron_never.message": (
        "'{given}' never comes.",
        "'{given}'에 해당하는 때가 없습니다.",
    ),
    "error.cron_never.hint": (
        "Look whether day and month fit together.",
        "일과 월이 서로 맞는지 확인해 주세요.",
    ),
    "error.zone_unknown.message": (
        "There is no time zone '{given}'.",
        "'{given}'이라는 시간대가 없습니다.",
    ),
    "error.zone_unknown.hint": (
        "Give one such as Asia/Seoul or UTC, or none for that of the site.",
        "Asia/Seoul이나 UTC처럼 써 주세요. 비워 두면 이곳의 시간대를 씁니다.",
    ),
    "error.too_many_schedules.message": (
        "You have {given} schedules already; at most {limit} are kept.",
        "이미 예약이 {given}개 있습니다. {limit}개까지 둘 수 있습니다.",
    ),
    "error.too_many_schedules.hint": (
        "Delete one that you need no more: madang schedule delete ID",
        "더 쓰지 않는 것을 지워 주세요: madang schedule delete ID",
    ),
    "error.schedule_unknown.message": (
        "There is no schedule '{given}' that you may see.",
        "볼 수 있는 예약 '{given}'이(가) 없습니다.",
    ),
    "error.schedule_unknown.hint": (
        "List yours with `madang schedule`.",
        "`madang schedule`로 내 목록을 확인해 주세요.",
    ),
    "error.schedule_not_yours.message": (
        "Only its person may run '{given}' now or let it go on.",
        "예약 '{given}'은(는) 만든 분만 지금 실행하거나 다시 시작할 수 있습니다.",
    ),
    "error.schedule_not_yours.hint": (
        "It is submitted as that person. Add a schedule under your own name instead.",
        "만든 분의 이름으로 실행되기 때문입니다. 내 이름으로 예약을 새로 만들어 주세요.",
    ),
    "error.schedule_still_going.message": (
        "'{given}' was submitted already and has not ended yet ({last}).",
        "예약 '{given}'은(는) 이미 제출되어 아직 끝나지 않았습니다({last}).",
    ),
    "error.schedule_still_going.hint": (
        "Wait for its end or cancel it; a schedule that may overlap does not wait.",
        "끝날 때까지 기다리거나 취소해 주세요. 겹침을 허용한 예약은 기다리지 않습니다.",
    ),
    "cli.schedule_ran": (
        "{id} was submitted now: {made}. Its next times stay.",
        "{id}을(를) 지금 제출했습니다: {made}. 다음 시간은 그대로입니다.",
    ),
    "error.schedule_over.message": (
        "No time is left for the schedule '{given}'.",
        "예약 '{given}'에 남은 때가 없습니다.",
    ),
    "error.schedule_over.hint": (
        "Add a new one with other times.",
        "다른 시간으로 새로 만들어 주세요.",
    ),
    "schedule.paused.person": ("paused", "일시 중지"),
    "schedule.paused.owner_gone": (
        "paused: its person may not submit in the project any more",
        "일시 중지: 만든 분이 더는 이 프로젝트에 제출할 수 없음",
    ),
    "schedule.paused.failing": (
        "paused: it failed too often in a row",
        "일시 중지: 연속으로 여러 번 실패함",
    ),
    "notice.schedule.owner_gone.subject": (
        "The schedule '{name}' is paused: its person is gone",
        "예약 '{name}' 일시 중지: 만든 분이 프로젝트를 떠남",
    ),
    "notice.schedule.owner_gone.body": (
        "Its person may not submit in {project} any more, and it never runs as somebody else. If it is still needed, add it under your own name.",
        "만든 분이 {project}에 더는 제출할 수 없어 멈췄습니다. 다른 사람 이름으로는 실행되지 않으니, 필요하면 내 이름으로 새로 만들어 주세요.",
    ),
    "notice.schedule.failing.subject": (
        "The schedule '{name}' is paused after failing {failures} times in a row",
        "예약 '{name}' 일시 중지: 연속 {failures}번 실패",
    ),
    "notice.schedule.failing.body": (
        "See why with `madang schedule show {schedule}` ({project}), and let it go on with `madang schedule resume {schedule}`.",
        "`madang schedule show {schedule}`({project})로 이유를 보고, `madang schedule resume {schedule}`로 다시 시작할 수 있습니다.",
    ),
    "pages.admin.act.schedule.pause": ("paused a schedule", "예약 일시 중지"),
    "pages.admin.act.schedule.run": ("ran a schedule at once", "예약 바로 실행"),
    "pages.admin.act.schedule.delete": ("deleted a schedule", "예약 삭제"),
    "column.cron": ("cron", "cron"),
    "column.timezone": ("time zone", "시간대"),
    "column.overlap": ("overlapping", "겹침 허용"),
    "column.paused_text": ("paused", "일시 중지"),
    "column.next_times": ("next", "다음 실행"),
    "column.failures": ("failures in a row", "연속 실패"),
    "column.last_ms": ("last time", "최근 실행 시각"),
    "column.last_id": ("last", "최근 실행"),
    "column.last_problem": ("last problem", "최근 문제"),
    "cli.schedule_paused": (
        "{id} is paused. Let it go on with: madang schedule resume {id}",
        "{id}을(를) 멈췄습니다. 다시 시작: madang schedule resume {id}",
    ),
    "cli.schedule_resumed": (
        "{id} goes on; next time: {next}",
        "{id}을(를) 다시 시작했습니다. 다음 실행: {next}",
    ),
    "cli.schedule_gone": (
        "{id} is deleted; what it submitted stays.",
        "{id}을(를) 지웠습니다. 이미 제출한 실행은 그대로 남습니다.",
    ),
}
