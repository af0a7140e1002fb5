"""Texts about the database, the ledger, and rows that have moved on."""

TEXTS = {
    "error.database_unavailable.message": (
        "The database does not answer now (reason: {reason}). Nothing was changed by halves.",
        "지금 데이터베이스를 쓸 수 없습니다(원인: {reason}). 반쯤 바뀐 내용은 없습니다.",
    ),
    "error.database_unavailable.hint": (
        "Try again in a moment; running work goes on. If it stays so, an administrator should "
        "check disk space and the database server: madang doctor.",
        "잠시 뒤에 다시 시도해 주세요. 실행 중인 작업은 계속됩니다. 계속 이러면 관리자가 madang doctor로 디스크 여유 공간과 데이터베이스 서버를 확인해야 합니다.",
    ),
    "error.database_password_refused.message": (
        "The database answers, but it refuses the password of Madang. Nothing was changed.",
        "데이터베이스는 응답하지만 마당의 비밀번호를 받아 주지 않습니다. 바뀐 내용은 없습니다.",
    ),
    "error.database_password_refused.hint": (
        "An administrator does one of two things: put the password that the database knows back into "
        "the Secret (or MADANG_DATABASE_URL) and restart the service; or give the database the one "
        "that is there now, ALTER USER madang PASSWORD '...' with psql in its pod, which is noticed "
        "by itself. Step by step: install-kubernetes.md, If the Secret is gone.",
        "관리자가 둘 중 하나를 하면 됩니다. 데이터베이스가 아는 비밀번호를 Secret(또는 MADANG_DATABASE_URL)에 되돌려 놓고 서비스를 다시 시작하거나, "
        "데이터베이스 포드 안의 psql에서 ALTER USER madang PASSWORD '...' 로 지금 비밀번호를 알려 줍니다(저절로 이어집니다). "
        "자세한 순서는 install-kubernetes.md의 'If the Secret is gone'에 있습니다.",
    ),
    "error.leadership_lost.message": (
        "This replica of the service may not act now: its term {term} may be over.",
        "서비스의 이 복제본은 지금 일을 처리할 수 없습니다. 맡은 임기 {term}이(가) 끝났을 수 있습니다.",
    ),
    "error.leadership_lost.hint": (
        "Nothing was changed. Try again in a moment: the replica that leads answers then.",
        "바뀐 것은 없습니다. 잠시 뒤에 다시 시도하면 이끄는 복제본이 답합니다.",
    ),
    "standby.health": (
        "This replica stands by and hands requests on: {replica} at {address} leads, in term {term}.",
        "이 복제본은 대기하면서 요청을 넘겨줍니다. 지금은 {address}의 {replica}이(가) 임기 {term}을(를) 맡아 이끌고 있습니다.",
    ),
    "error.leader_silent.message": (
        "The replica of the service that leads does not answer at {address}.",
        "이끄는 복제본이 {address}에서 응답하지 않습니다.",
    ),
    "error.leader_silent.hint": (
        "Try again in a moment: if it is gone, this one takes over within a quarter of a minute.",
        "잠시 뒤에 다시 시도해 주세요. 그 복제본이 사라졌다면 15초 안에 이 복제본이 이어받습니다.",
    ),
    "error.nobody_leads.message": (
        "No replica of the service leads now; this one is about to begin.",
        "지금 이끄는 복제본이 없습니다. 이 복제본이 곧 시작합니다.",
    ),
    "error.nobody_leads.hint": (
        "Try again in a few seconds.",
        "몇 초 뒤에 다시 시도해 주세요.",
    ),
    "error.database_newer.message": (
        "The database is of version {given}; this program knows versions up to {known}.",
        "데이터베이스 버전은 {given}인데 이 프로그램은 {known}까지만 지원합니다.",
    ),
    "error.database_newer.hint": (
        "Start the newer Madang again, or restore the backup made before the upgrade.",
        "더 새로운 버전의 마당을 다시 실행하거나, 업그레이드 전에 만든 백업을 복원해 주세요.",
    ),
    "error.database_url_unknown.message": (
        "Cannot use a database of the kind '{given}': an SQLite file or PostgreSQL is needed.",
        "'{given}' 종류의 데이터베이스는 쓸 수 없습니다. SQLite 파일이나 PostgreSQL이어야 합니다.",
    ),
    "error.database_url_unknown.hint": (
        "Give sqlite:////folder/madang.sqlite or postgresql://user@host/madang.",
        "sqlite:////폴더/madang.sqlite 또는 postgresql://사용자@호스트/madang 형식으로 적어 주세요.",
    ),
    "error.value_unstorable.message": (
        "A value that was given cannot be stored: too long, too large, or with a zero character.",
        "저장할 수 없는 값이 있습니다. 너무 길거나 크거나, 널(NUL) 문자가 들어 있습니다.",
    ),
    "error.value_unstorable.hint": (
        "Shorten names and remove control characters.",
        "이름을 줄이고 제어 문자를 지운 뒤 다시 시도해 주세요.",
    ),
    "error.lease_moved_on.message": (
        "The lease {lease} has moved on: it is '{state}' by now.",
        "임대 {lease}의 상태가 그사이 '{state}'(으)로 바뀌었습니다.",
    ),
    "error.lease_moved_on.hint": (
        "Look at it again and decide anew.",
        "현재 상태를 다시 확인한 뒤 진행해 주세요.",
    ),
    "error.run_moved_on.message": (
        "The run {run} has moved on: it is '{state}' by now.",
        "실행 {run}의 상태가 그사이 '{state}'(으)로 바뀌었습니다.",
    ),
    "error.run_moved_on.hint": (
        "Look at it again and decide anew.",
        "현재 상태를 다시 확인한 뒤 진행해 주세요.",
    ),
    "error.notebook_unfinished.message": (
        "The server '{name}' already has a lease that has not ended: {lease}.",
        "서버 '{name}'에는 아직 끝나지 않은 임대 {lease}이(가) 있습니다.",
    ),
    "error.notebook_unfinished.hint": (
        "Use that one, stop it first, or give the new server another name.",
        "그 임대를 쓰거나 먼저 끝내 주세요. 새 서버에 다른 이름을 붙여도 됩니다.",
    ),
    "error.attempt_twice.message": (
        "Attempt {attempt} of lease {lease} is open already.",
        "임대 {lease}의 {attempt}번째 시도는 이미 열려 있습니다.",
    ),
    "error.attempt_twice.hint": (
        "Nothing needs to be done; the first admission counts.",
        "따로 하실 일은 없습니다. 먼저 받은 배정이 유효합니다.",
    ),
    "error.project_exists.message": (
        "A project named '{name}' exists already.",
        "'{name}' 프로젝트가 이미 있습니다.",
    ),
    "error.project_exists.hint": ("Choose another name.", "다른 이름을 골라 주세요."),
    "error.budget_missing.message": (
        "The project {project} has no budget, for it does not exist.",
        "프로젝트 {project}이(가) 없어 예산도 없습니다.",
    ),
    "error.budget_missing.hint": (
        "List the projects that exist: madang project list.",
        "madang project list로 어떤 프로젝트가 있는지 확인해 주세요.",
    ),
    "error.grant_empty.message": (
        "A grant of 0 credits changes nothing.",
        "0 크레딧은 지급할 수 없습니다.",
    ),
    "error.grant_empty.hint": (
        "Give an amount above 0, or a negative one to take back.",
        "0보다 큰 값을 적어 주세요. 회수하려면 음수를 적습니다.",
    ),
    "error.grant_below_zero.message": (
        "Cannot take back more from project {project} than was granted.",
        "프로젝트 {project}에 지급한 것보다 더 많이 회수할 수 없습니다.",
    ),
    "error.grant_below_zero.hint": (
        "Take back a smaller amount.",
        "회수할 금액을 줄여 주세요.",
    ),
    "error.refund_too_large.message": (
        "Cannot give back more to project {project} than it was charged.",
        "프로젝트 {project}에 청구한 것보다 더 많이 환불할 수 없습니다.",
    ),
    "error.refund_too_large.hint": (
        "Check in the ledger whether it was refunded already.",
        "원장에서 이미 환불되었는지 확인해 주세요.",
    ),
    "error.segment_twice.message": (
        "Segment {segment} of attempt {attempt} of lease {lease} is in the ledger already.",
        "임대 {lease}의 {attempt}번째 시도, 구간 {segment}은(는) 이미 원장에 있습니다.",
    ),
    "error.segment_twice.hint": (
        "Nothing needs to be done; it is charged once.",
        "따로 하실 일은 없습니다. 한 번만 청구됩니다.",
    ),
    "error.segment_overlaps.message": (
        "Segment {segment} of attempt {attempt} of lease {lease} begins in time that is charged.",
        "임대 {lease}의 {attempt}번째 시도, 구간 {segment}이(가) 이미 청구된 시간과 겹칩니다.",
    ),
    "error.segment_overlaps.hint": (
        "Nothing was charged twice. Report it to the administrator.",
        "중복으로 청구되지는 않았습니다. 관리자에게 알려 주세요.",
    ),
    "error.ledger_moved_on.message": (
        "Another writer has appended to the ledger after entry {seq}.",
        "원장의 {seq}번 항목 뒤에 다른 프로그램이 먼저 기록했습니다.",
    ),
    "error.ledger_moved_on.hint": (
        "Only one service may write to a database; stop the other one.",
        "한 데이터베이스에는 서비스가 하나만 기록해야 합니다. 다른 서비스를 멈춰 주세요.",
    ),
    "ledger.problem.seq_gap": (
        "The number does not follow the one before: {expected} was expected.",
        "번호가 이어지지 않습니다. {expected}번이어야 합니다.",
    ),
    "ledger.problem.prev_hash_wrong": (
        "It does not point at the entry before it: an entry was changed, removed or put in.",
        "앞 항목과 이어지지 않습니다. 항목이 바뀌었거나, 빠졌거나, 끼워 넣어졌습니다.",
    ),
    "ledger.problem.hash_wrong": (
        "The content does not match its hash: the entry was changed afterwards.",
        "내용이 해시와 맞지 않습니다. 기록한 뒤에 바뀐 항목입니다.",
    ),
    "ledger.problem.slice_negative": (
        "The slice ends before it begins.",
        "끝나는 시각이 시작하는 시각보다 빠릅니다.",
    ),
    "ledger.problem.device_time_wrong": (
        "The device time is not devices times duration.",
        "장치 시간이 장치 수와 시간의 곱과 다릅니다.",
    ),
    "ledger.problem.used_time_wrong": (
        "The used device time is impossible.",
        "사용한 장치 시간이 있을 수 없는 값입니다.",
    ),
    "ledger.problem.amount_sign_wrong": (
        "An entry of this kind cannot have an amount of this sign.",
        "이 종류의 항목에 올 수 없는 부호의 금액입니다.",
    ),
    "ledger.problem.lease_missing": (
        "A charge or overhead must name a lease and an attempt.",
        "청구나 부대 시간 항목에는 임대와 시도 번호가 있어야 합니다.",
    ),
    "ledger.problem.segment_twice": (
        "Segment {segment} of this attempt is written twice.",
        "이 시도의 구간 {segment}이(가) 두 번 기록되었습니다.",
    ),
    "ledger.problem.segment_overlap": (
        "The segment begins before the last one ended: device time is charged twice.",
        "앞 구간이 끝나기 전에 시작합니다. 장치 시간이 두 번 계산되었습니다.",
    ),
    "ledger.problem.segment_gap": (
        "Time is missing between this segment and the one before.",
        "앞 구간과 이 구간 사이에 빠진 시간이 있습니다.",
    ),
    "ledger.problem.rate_changed": (
        "The rate changed within an attempt: {expected} micro-credits per hour was agreed.",
        "시도 중간에 요율이 바뀌었습니다. 정해진 요율은 시간당 {expected} 마이크로크레딧입니다.",
    ),
    "ledger.problem.amount_wrong": (
        "The amount does not follow from device time and rate: {expected} micro-credits expected.",
        "금액이 장치 시간과 요율에 맞지 않습니다. {expected} 마이크로크레딧이어야 합니다.",
    ),
    "ledger.problem.refund_too_large": (
        "More is given back than was charged: {charged} micro-credits were charged.",
        "청구한 것보다 많이 환불했습니다. 청구액은 {charged} 마이크로크레딧입니다.",
    ),
}
