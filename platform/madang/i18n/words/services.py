"""Texts about leases, runs, clusters, budgets and access."""

TEXTS = {
    # Why a lease ended.
    "reason.completed": ("Finished.", "정상적으로 끝났습니다."),
    "reason.completed.hint": (
        "Start again whenever you like; your files are kept.",
        "언제든 다시 시작하실 수 있고, 파일은 그대로 있습니다.",
    ),
    "reason.failed": ("The process ended with an error.", "프로세스가 오류로 끝났습니다."),
    "reason.failed.hint": (
        "Look at the log, then start again.",
        "로그를 확인한 뒤 다시 시작해 주세요.",
    ),
    "reason.not_started": (
        "The notebook server could not be started. That costs nothing.",
        "노트북 서버를 시작하지 못했습니다. 비용은 청구되지 않습니다.",
    ),
    "reason.not_started.hint": (
        "The page of the start said why and what to do. Start again, or with another profile; if it fails again, tell the administrator.",
        "시작 화면에 이유와 할 일이 나와 있습니다. 다시 시작하거나 다른 프로필을 골라 주세요. 또 실패하면 관리자에게 알려 주세요.",
    ),
    "reason.cancelled": ("Stopped on request.", "요청에 따라 멈췄습니다."),
    "reason.cancelled.hint": (
        "Start again whenever you like; your files are kept.",
        "언제든 다시 시작하실 수 있고, 파일은 그대로 있습니다.",
    ),
    "reason.expired": ("The time limit was reached.", "정해진 시간이 다 되어 끝났습니다."),
    "reason.expired.hint": (
        "Ask again, with a longer limit if the project allows it.",
        "다시 신청해 주세요. 프로젝트가 허용하면 더 긴 시간을 고를 수 있습니다.",
    ),
    "reason.unclaimed": (
        "Its turn came three times and was not taken, so it left the queue.",
        "차례가 세 번 왔지만 받지 않으셔서 대기열에서 빠졌습니다.",
    ),
    "reason.unclaimed.hint": (
        "Ask again and keep the waiting page open, or choose 'start without me'.",
        "다시 신청하고 대기 페이지를 열어 두시거나 '자리에 없어도 시작'을 골라 주세요.",
    ),
    "reason.reclaimed": (
        "The GPU was idle for too long and was given to the next person.",
        "GPU를 오래 쓰지 않아 다음 분께 넘겼습니다.",
    ),
    "reason.reclaimed.hint": (
        "Your files are kept. Ask again when you need the GPU.",
        "파일은 그대로 있습니다. GPU가 필요할 때 다시 신청해 주세요.",
    ),
    "reason.given_up": (
        "It was given back several times and not asked for again.",
        "여러 번 반납된 뒤 다시 시작하지 않았습니다.",
    ),
    "reason.given_up.hint": ("Ask again.", "다시 신청해 주세요."),
    "reason.refused": (
        "The pool can never carry this request.",
        "지금 풀에서는 이 신청을 받을 수 없습니다.",
    ),
    "reason.refused.hint": (
        "Ask for fewer devices or another kind.",
        "장치 수를 줄이거나 다른 종류를 골라 주세요.",
    ),
    "reason.budget": (
        "The project's budget is used up.",
        "프로젝트 예산을 모두 썼습니다.",
    ),
    "reason.budget.hint": (
        "Ask the project's owner for a supplement, or use another project.",
        "프로젝트 책임자에게 추가 배정을 요청하거나 다른 프로젝트를 쓰세요.",
    ),
    "reason.lost": (
        "Its processes were lost. What a fault of the machine cost is refunded.",
        "프로세스가 사라졌습니다. 장비 문제로 생긴 요금은 돌려드립니다.",
    ),
    "reason.lost.hint": (
        "Start again. If it happens twice, tell an administrator the id.",
        "다시 시작해 주세요. 또 일어나면 관리자에게 이 번호를 알려 주세요.",
    ),
    "reason.out_of_memory": (
        "It needed more memory than it had, and the machine ended it.",
        "가진 것보다 많은 메모리를 써서 종료되었습니다.",
    ),
    "reason.out_of_memory.of": (
        "It used more than the {gib} GiB of memory that it had, and the machine ended it.",
        "가진 메모리 {gib}GiB보다 많이 써서 종료되었습니다.",
    ),
    "reason.out_of_memory.hint": (
        "Load less at a time, or start with a profile that has more memory.",
        "한 번에 읽는 양을 줄이거나, 메모리가 더 큰 프로필로 시작해 주세요.",
    ),
    # Why a lease waits.
    "wait.devices_busy": (
        "Not enough devices of this kind are free.",
        "이 종류의 장치가 아직 충분히 비어 있지 않습니다.",
    ),
    "wait.others_first": (
        "Others who asked earlier or used less go first.",
        "먼저 신청했거나 덜 쓴 분들이 앞에 있습니다.",
    ),
    "wait.gang": (
        "Not enough devices are free at the same time yet; they are being collected for you.",
        "필요한 만큼의 장치가 한꺼번에 비기를 기다리며 모으고 있습니다.",
    ),
    "wait.project_cap": (
        "Your project holds as many devices as it may at once.",
        "프로젝트가 한 번에 쓸 수 있는 장치를 모두 쓰고 있습니다.",
    ),
    "wait.person_cap": (
        "You hold as many devices as one person may at once.",
        "한 사람이 한 번에 쓸 수 있는 장치를 모두 쓰고 계십니다.",
    ),
    "wait.held_back": ("Held back; it keeps its place.", "잠시 멈춰 두었고 순서는 그대로입니다."),
    "wait.no_budget": ("The project's budget is used up.", "프로젝트 예산을 모두 썼습니다."),
    "wait.maintenance": (
        "Nothing new starts during maintenance: {why}. Your place is kept.",
        "점검 중이라 새로 시작하지 않습니다: {why}. 순서는 그대로 유지됩니다.",
    ),
    "wait.maintenance.until": (
        "Nothing new starts during maintenance until about {until}: {why}. Your place is kept.",
        "{until}쯤까지 점검 중이라 새로 시작하지 않습니다: {why}. 순서는 그대로 유지됩니다.",
    ),
    "wait.starting": ("It is about to start.", "곧 시작합니다."),
    # Why a run ended.
    "run_reason.cancelling": (
        "Stopping; the work so far is being saved.",
        "멈추는 중이며 지금까지의 결과를 저장하고 있습니다.",
    ),
    "run_reason.cancelled": ("Stopped on request.", "요청에 따라 멈췄습니다."),
    "run_reason.time_limit": ("The time limit was reached.", "정해진 시간이 다 되어 끝났습니다."),
    "run_reason.budget": ("The project's budget is used up.", "프로젝트 예산을 모두 썼습니다."),
    "run_reason.slot_lost": (
        "The worker was lost several times.",
        "작업 프로세스가 여러 번 사라졌습니다.",
    ),
    "run_reason.refused": (
        "What it asks for is no longer allowed to this project or person, or is not in the pool.",
        "이 실행이 신청한 자원을 이 프로젝트나 사용자가 더는 쓸 수 없거나 풀에 없습니다.",
    ),
    # Leases.
    "error.too_many_leases.message": (
        "{given} notebooks and clusters of yours wait or run; the limit is {limit}.",
        "기다리거나 실행 중인 노트북과 클러스터가 {given}개입니다. 한도는 {limit}개입니다.",
    ),
    "error.too_many_leases.hint": (
        "End one that you do not need.",
        "필요 없는 것을 하나 종료해 주세요.",
    ),
    "error.too_many_runs.message": (
        "{given} runs of yours are waiting; the limit is {limit}.",
        "기다리는 실행이 {given}개입니다. 한도는 {limit}개입니다.",
    ),
    "error.too_many_runs.hint": (
        "Submit more once some have started, or cancel some.",
        "일부가 시작된 뒤에 더 제출하거나 몇 개를 취소해 주세요.",
    ),
    "error.unknown_flavor.message": (
        "There is no device kind '{given}' in this pool. There are: {known}.",
        "이 풀에는 '{given}' 종류의 장치가 없습니다. 있는 종류: {known}.",
    ),
    "error.unknown_flavor.hint": ("Choose one of these.", "이 가운데 하나를 골라 주세요."),
    "error.unknown_profile.message": (
        "There is no profile '{given}'. There are: {known}.",
        "'{given}' 프로필이 없습니다. 있는 프로필: {known}.",
    ),
    "error.unknown_profile.hint": ("Choose one of these.", "이 가운데 하나를 골라 주세요."),
    "error.profile_not_for_tier.message": (
        "The profile '{profile}' is open to projects of the tier {allowed}; this project is '{tier}'.",
        "'{profile}' 프로필은 {allowed} 등급의 프로젝트만 쓸 수 있습니다. 이 프로젝트는 '{tier}' 등급입니다.",
    ),
    "error.profile_not_for_tier.hint": (
        "Choose a smaller profile, or another of your projects.",
        "더 작은 프로필이나 다른 프로젝트를 골라 주세요.",
    ),
    "error.limit_too_long.message": (
        "{given_h} hours were asked; projects of the tier '{tier}' may ask for {limit_h} at most.",
        "{given_h}시간을 신청하셨지만 '{tier}' 등급의 프로젝트는 최대 {limit_h}시간까지 쓸 수 있습니다.",
    ),
    "error.limit_too_long.hint": (
        "Ask for {limit_h} hours or less.",
        "{limit_h}시간 이하로 신청해 주세요.",
    ),
    "error.limit_too_short.message": (
        "{given_s} seconds were asked; the shortest time is {limit_s} seconds.",
        "{given_s}초를 신청하셨지만 가장 짧은 시간은 {limit_s}초입니다.",
    ),
    "error.limit_too_short.hint": ("Ask for more time.", "시간을 더 길게 잡아 주세요."),
    "error.name_unusable.message": (
        "The name {given} cannot be used: printable characters only, {limit} at most.",
        "이름 {given}을(를) 쓸 수 없습니다. 화면에 보이는 글자로 {limit}자까지 쓸 수 있습니다.",
    ),
    "error.name_unusable.hint": (
        "Choose a shorter, plain name.",
        "짧고 평범한 이름을 골라 주세요.",
    ),
    "error.cpu_has_no_devices.message": (
        "{given} devices were asked of the kind 'cpu', which has none.",
        "'cpu' 종류에는 장치가 없는데 {given}개를 신청하셨습니다.",
    ),
    "error.cpu_has_no_devices.hint": (
        "Ask for 0 devices, or for a GPU.",
        "0개로 신청하거나 GPU를 골라 주세요.",
    ),
    "error.devices_too_few.message": (
        "{given} devices were asked; at least 1 is needed for a GPU.",
        "장치 {given}개를 신청하셨지만 GPU는 1개 이상이어야 합니다.",
    ),
    "error.devices_too_few.hint": (
        "Ask for 1 or more, or choose the kind 'cpu'.",
        "1개 이상 신청하거나 'cpu' 종류를 골라 주세요.",
    ),
    "error.more_devices_than_pool.message": (
        "{given} devices of '{flavor}' were asked; the pool has {limit}.",
        "'{flavor}' 장치 {given}개를 신청하셨지만 풀에는 {limit}개가 있습니다.",
    ),
    "error.more_devices_than_pool.hint": (
        "Ask for {limit} or fewer.",
        "{limit}개 이하로 신청해 주세요.",
    ),
    "error.more_devices_than_cap.message": (
        "{given} devices of '{flavor}' were asked; this project may hold {limit} at once.",
        "'{flavor}' 장치 {given}개를 신청하셨지만 이 프로젝트는 한 번에 {limit}개까지 쓸 수 있습니다.",
    ),
    "error.more_devices_than_cap.hint": (
        "Ask for {limit} or fewer.",
        "{limit}개 이하로 신청해 주세요.",
    ),
    "error.budget_too_small.message": (
        "The project '{project}' has {left} credits to spare; this would set aside {needed}.",
        "'{project}' 프로젝트에 남은 크레딧은 {left}인데 이 신청에는 {needed}이(가) 필요합니다.",
    ),
    "error.budget_too_small.hint": (
        "Ask for less time or fewer devices, stop something, or ask the project's owner for a supplement.",
        "시간이나 장치를 줄이거나, 쓰지 않는 것을 멈추거나, 프로젝트 책임자에게 추가 배정을 요청해 주세요.",
    ),
    "error.state_unknown.message": (
        "There is no state '{given}'. There are: {known}.",
        "'{given}' 상태가 없습니다. 있는 상태: {known}.",
    ),
    "error.state_unknown.hint": ("Choose one of these.", "이 가운데 하나를 골라 주세요."),
    "error.claim_not_now.message": (
        "This notebook cannot be taken now: it is '{state}'.",
        "지금은 이 노트북을 받을 수 없습니다. 현재 상태: '{state}'.",
    ),
    "error.claim_not_now.hint": (
        "Keep the waiting page open; it is taken when its turn comes.",
        "대기 페이지를 열어 두시면 차례가 올 때 자동으로 받습니다.",
    ),
    "error.hold_not_now.message": (
        "Only what waits can be held back; this is '{state}'.",
        "기다리는 것만 멈춰 둘 수 있습니다. 현재 상태: '{state}'.",
    ),
    "error.hold_not_now.hint": ("Stop it instead.", "대신 종료해 주세요."),
    "error.lease_unknown.message": (
        "There is no lease '{given}' that you may see.",
        "'{given}' 사용권이 없거나 볼 수 없습니다.",
    ),
    "error.lease_unknown.hint": (
        "List yours with `madang leases`.",
        "`madang leases`로 내 목록을 확인해 주세요.",
    ),
    "error.lease_not_yours.message": (
        "The lease {given} belongs to someone else.",
        "{given} 사용권은 다른 분의 것입니다.",
    ),
    "error.lease_not_yours.hint": (
        "Ask its owner, or a manager of the project.",
        "그 사용권을 가진 분이나 프로젝트 매니저에게 요청해 주세요.",
    ),
    "error.key_reused.message": (
        "The Idempotency-Key '{given}' was used for another request.",
        "Idempotency-Key '{given}'은(는) 다른 요청에 이미 쓰였습니다.",
    ),
    "error.key_reused.hint": ("Use a new key for a new request.", "새 요청에는 새 키를 써 주세요."),
    # Access.
    "error.token_too_narrow.message": (
        "This token reaches only its own run and the run's clusters.",
        "이 토큰은 자기 실행과 그 클러스터에만 쓸 수 있습니다.",
    ),
    "error.token_too_narrow.hint": (
        "Use your own token for this.",
        "이 작업에는 본인의 토큰을 써 주세요.",
    ),
    "error.token_unknown.message": (
        "The token is not known, or has expired.",
        "모르는 토큰이거나 기한이 지났습니다.",
    ),
    "error.token_unknown.hint": ("Log in again.", "다시 로그인해 주세요."),
    "error.name_unknown.message": (
        "The name '{given}' cannot be used.",
        "'{given}' 이름은 쓸 수 없습니다.",
    ),
    "error.name_unknown.hint": ("Log in with another name.", "다른 이름으로 로그인해 주세요."),
    "error.slot_token_only.message": (
        "Only the worker of a slot may do this.",
        "슬롯의 작업 프로세스만 할 수 있는 일입니다.",
    ),
    "error.slot_token_only.hint": (
        "Submit runs with `madang run` or on the page.",
        "실행은 `madang run`이나 페이지에서 신청해 주세요.",
    ),
    "error.service_token_only.message": (
        "Only the tests of the installation may do this, with the service's own token.",
        "설치를 확인하는 테스트만 서비스의 토큰으로 할 수 있는 일입니다.",
    ),
    "error.service_token_only.hint": (
        "Run `helm test` on the release; it tells the service by itself how it went.",
        "릴리스에 `helm test`를 실행해 주세요. 결과는 테스트가 서비스에 직접 알립니다.",
    ),
    "error.project_missing.message": (
        "No project was named, and somebody has to pay. Yours are: {known}.",
        "비용을 낼 프로젝트가 지정되지 않았습니다. 내 프로젝트: {known}.",
    ),
    "error.project_missing.hint": (
        "Name one of these: `--project` on the command line, `project=` in Python.",
        "이 가운데 하나를 지정해 주세요. 명령줄에서는 `--project`, 파이썬에서는 `project=`입니다.",
    ),
    "error.project_unknown.message": (
        "You are in no project '{given}'. Yours are: {known}.",
        "'{given}' 프로젝트에 속해 있지 않습니다. 내 프로젝트: {known}.",
    ),
    "error.project_unknown.hint": (
        "Choose one of these, or ask the project's owner to add you.",
        "이 가운데 하나를 고르거나 프로젝트 책임자에게 추가를 요청해 주세요.",
    ),
    "error.role_cannot_use.message": (
        "Your role in '{project}' is '{role}', which may look but not use devices.",
        "'{project}'에서의 역할은 '{role}'(으)로, 볼 수만 있고 장치를 쓸 수는 없습니다.",
    ),
    "error.role_cannot_use.hint": (
        "Ask the project's owner for the role 'member'.",
        "프로젝트 책임자에게 'member' 역할을 요청해 주세요.",
    ),
    "error.project_closed.message": (
        "The project '{project}' is closed.",
        "'{project}' 프로젝트는 닫혀 있습니다.",
    ),
    "error.project_closed.hint": ("Use another of your projects.", "다른 프로젝트를 써 주세요."),
    # Runs and clusters.
    "error.run_unknown.message": (
        "There is no run '{given}' that you may see.",
        "'{given}' 실행이 없거나 볼 수 없습니다.",
    ),
    "error.run_unknown.hint": (
        "List yours with `madang runs`.",
        "`madang runs`로 내 목록을 확인해 주세요.",
    ),
    "error.run_not_final.message": (
        "A run cannot end as '{state}'.",
        "실행은 '{state}' 상태로 끝날 수 없습니다.",
    ),
    "error.run_not_final.hint": (
        "Report succeeded, failed, cancelled or expired.",
        "succeeded, failed, cancelled, expired 중 하나로 알려 주세요.",
    ),
    "error.output_none.message": (
        "The run {given} has no output yet; it is '{state}'.",
        "{given} 실행에는 아직 결과가 없습니다. 현재 상태: '{state}'.",
    ),
    "error.output_none.hint": (
        "Wait until it has executed a cell.",
        "셀이 하나라도 실행될 때까지 기다려 주세요.",
    ),
    "error.slot_over.message": (
        "This slot ends; it is '{state}'.",
        "이 슬롯은 끝납니다. 현재 상태: '{state}'.",
    ),
    "error.slot_over.hint": ("End the worker.", "작업 프로세스를 끝내 주세요."),
    "error.cluster_unknown.message": (
        "There is no cluster '{given}' that you may see.",
        "'{given}' 클러스터가 없거나 볼 수 없습니다.",
    ),
    "error.cluster_unknown.hint": (
        "List yours with `madang clusters`.",
        "`madang clusters`로 내 목록을 확인해 주세요.",
    ),
    "error.cluster_over.message": (
        "The cluster '{name}' is ending, so its number of workers stays.",
        "클러스터 '{name}'은(는) 끝나는 중이라 워커 수를 바꿀 수 없습니다.",
    ),
    "error.cluster_over.hint": (
        "Ask for a new cluster.",
        "클러스터를 새로 신청해 주세요.",
    ),
    "error.adapt_out_of_range.message": (
        "A cluster cannot adapt between {minimum} and {maximum} workers; the limit is {limit}.",
        "워커 수를 {minimum}~{maximum} 사이로 조절할 수 없습니다. 최대 {limit}개까지 가능합니다.",
    ),
    "error.adapt_out_of_range.hint": (
        "Give a minimum of 0 or more and a maximum that is not smaller; 0 and 0 turns adapting off.",
        "최솟값은 0 이상, 최댓값은 최솟값 이상으로 정해 주세요. 둘 다 0이면 자동 조절을 끕니다.",
    ),
    "error.cluster_not_ready.message": (
        "The cluster does not answer yet; its lease is '{state}'.",
        "클러스터가 아직 응답하지 않습니다. 사용권 상태: '{state}'.",
    ),
    "error.cluster_not_ready.hint": ("Wait until it is ready.", "준비될 때까지 기다려 주세요."),
    "error.workers_out_of_range.message": (
        "{given} workers were asked; between 1 and {limit} are possible.",
        "워커 {given}개를 신청하셨지만 1개에서 {limit}개까지 가능합니다.",
    ),
    "error.workers_out_of_range.hint": ("Ask for another number.", "수를 바꿔 주세요."),
    "error.gpus_per_worker_out_of_range.message": (
        "{given} GPUs per worker were asked; between 0 and {limit} are possible.",
        "워커마다 GPU {given}개를 신청하셨지만 0개에서 {limit}개까지 가능합니다.",
    ),
    "error.gpus_per_worker_out_of_range.hint": ("Ask for another number.", "수를 바꿔 주세요."),
    "error.threads_out_of_range.message": (
        "{given} threads per worker were asked; between 1 and {limit} are possible.",
        "워커마다 스레드 {given}개를 신청하셨지만 1개에서 {limit}개까지 가능합니다.",
    ),
    "error.threads_out_of_range.hint": ("Ask for another number.", "수를 바꿔 주세요."),
    "error.unknown_engine.message": (
        "There is no engine '{given}'. There are: {known}.",
        "'{given}' 엔진이 없습니다. 있는 엔진: {known}.",
    ),
    "error.unknown_engine.hint": (
        "Set MADANG_ENGINE to one of these.",
        "MADANG_ENGINE을 이 가운데 하나로 정해 주세요.",
    ),
}
