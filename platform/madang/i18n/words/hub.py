"""Texts of the hub's pages and of spawns that fail."""

TEXTS = {
    "error.spawn_option.message": (
        "Cannot start the server: the option '{option}' was given as {given}, which cannot be read.",
        "서버를 시작할 수 없습니다. '{option}' 항목의 값 {given}을(를) 읽을 수 없습니다.",
    ),
    "error.spawn_option.hint": (
        "Known options: project, profile, environment, flavor, devices, hours or limit_s, start_without_me.",
        "쓸 수 있는 항목: project, profile, environment, flavor, devices, hours 또는 limit_s, start_without_me.",
    ),
    "error.server_died.message": (
        "The notebook server ended while it was starting (exit code {exit_code}).",
        "노트북 서버가 시작하는 도중에 종료되었습니다(종료 코드 {exit_code}).",
    ),
    "error.server_died.hint": (
        "The last lines that it printed are below. Your GPUs were given back; choose again to retry.",
        "서버가 마지막으로 남긴 기록을 아래에 보여 드립니다. GPU는 반납되었으니 다시 선택해 시작해 주세요.",
    ),
    "error.server_too_slow.message": (
        "The notebook server was started but did not answer within {seconds} seconds.",
        "노트북 서버를 시작했지만 {seconds}초 안에 응답하지 않았습니다.",
    ),
    "error.server_too_slow.hint": (
        "The machine may be overloaded. Choose again, or ask the administrator to look at the log.",
        "컴퓨터가 과부하 상태일 수 있습니다. 다시 시작해 보시고, 계속되면 관리자에게 로그 확인을 요청해 주세요.",
    ),
    "error.server_not_adoptable.message": (
        "A server of lease {lease} is running, but its token is no longer known.",
        "리스 {lease}의 서버가 실행 중이지만 토큰을 더 이상 알 수 없습니다.",
    ),
    "error.server_not_adoptable.hint": (
        "It is being ended now; choose again in a moment.",
        "그 서버를 지금 종료하고 있습니다. 잠시 뒤 다시 선택해 주세요.",
    ),
    "hub.form.project": ("Who pays: your project", "어느 프로젝트로 사용할까요?"),
    "hub.form.profile": ("What you need", "무엇이 필요하신가요?"),
    "hub.form.left": ("{credits} credits left", "남은 크레딧 {credits}"),
    "hub.form.price": ("{credits} credits per hour", "시간당 {credits} 크레딧"),
    "hub.form.free": ("no charge", "무료"),
    "hub.form.size": (
        "{cpus} CPU cores, {memory} GiB memory",
        "CPU {cpus}코어, 메모리 {memory} GiB",
    ),
    "hub.form.always": ("starts at once", "바로 시작합니다"),
    "hub.form.free_now": ("{free} free now, starts at once", "지금 {free}개 비어 있음 · 바로 시작"),
    "hub.form.free_only": ("{free} free now", "지금 {free}개 비어 있음"),
    "hub.form.busy": ("{free} free now, you would wait", "지금 {free}개 비어 있음 · 대기 필요"),
    "hub.form.expected": (
        "{free} free now, expected wait {wait}",
        "지금 {free}개 비어 있음 · 예상 대기 {wait}",
    ),
    "hub.form.hours": ("Hours, at the longest", "길어야 몇 시간 쓰시나요?"),
    "hub.form.environment": ("Packages", "사용할 패키지"),
    "hub.form.environment_hint": (
        "New notebooks begin with this kernel; the others of the project stay in the list.",
        "새 노트북이 이 커널로 열립니다. 프로젝트의 다른 커널도 목록에 그대로 있습니다.",
    ),
    "hub.form.start": ("Start", "시작하기"),
    "hub.form.start_without_me": (
        "Start without me",
        "제가 자리에 없어도 시작해 주세요",
    ),
    "hub.form.start_without_me_hint": (
        "If you have to wait, the server starts (and is charged) when your turn comes, even if you are away.",
        "기다려야 할 때, 차례가 오면 화면 앞에 없어도 서버가 시작되고 요금이 계산됩니다.",
    ),
    "hub.form.reload": ("Try again", "다시 시도"),
    "hub.form.no_service": (
        "Madang's service does not answer at the moment, so the choices cannot be shown. Servers that are running are not affected.",
        "지금 마당 서비스가 응답하지 않아 선택 항목을 보여 드릴 수 없습니다. 실행 중인 서버에는 영향이 없습니다.",
    ),
    "hub.form.no_project": (
        "You are not a member of any project yet. Ask a project's owner or the administrator to add you.",
        "아직 참여 중인 프로젝트가 없습니다. 프로젝트 책임자나 관리자에게 추가를 요청해 주세요.",
    ),
    "hub.wait.moment": ("less than a minute", "1분 미만"),
    "hub.wait.minutes": ("about {minutes} min", "약 {minutes}분"),
    "hub.wait.hours": ("about {hours} h", "약 {hours}시간"),
    "hub.progress.asking": ("Asking for your turn …", "차례를 요청하고 있습니다…"),
    "hub.progress.no_service": (
        "The service does not answer at the moment; your place is kept.",
        "지금 서비스가 응답하지 않습니다. 대기 순서는 그대로 유지됩니다.",
    ),
    "hub.progress.waiting": ("Waiting for a GPU.", "GPU를 기다리고 있습니다."),
    "hub.progress.position": (
        "Position {position} of {waiting} in the queue.",
        "대기 순서: {waiting}명 중 {position}번째.",
    ),
    "hub.progress.expected": ("Expected start in {wait}.", "예상 시작까지 {wait}."),
    "hub.progress.claim": (
        "It is your turn: open the waiting page to take it.",
        "차례가 왔습니다. 대기 화면을 열어 시작해 주세요.",
    ),
    "hub.progress.starting": ("Starting the server …", "서버를 시작하고 있습니다…"),
}
