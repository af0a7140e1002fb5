"""Texts about environments: their specs, their builds, and what survives a stop."""

TEXTS = {
    "error.spec_kind.message": (
        "There is no kind of environment '{given}'. Known are: {known}.",
        "'{given}' 종류의 환경은 없습니다. 쓸 수 있는 종류: {known}.",
    ),
    "error.spec_kind.hint": (
        "Take uv for packages of the Python registry, conda for conda channels.",
        "파이썬 패키지는 uv, conda 채널의 패키지는 conda를 골라 주세요.",
    ),
    "error.spec_too_large.message": (
        "The list of packages is too long: {given_bytes} bytes in {given_lines} lines, at most "
        "{limit_bytes} bytes in {limit_lines} lines are taken.",
        "패키지 목록이 너무 깁니다. {given_lines}줄 {given_bytes}바이트이고, {limit_lines}줄 {limit_bytes}바이트까지 받을 수 있습니다.",
    ),
    "error.spec_too_large.hint": (
        "Name what you import yourself; what that needs comes along by itself.",
        "직접 import하는 패키지만 적어 주세요. 그 패키지에 필요한 것은 저절로 설치됩니다.",
    ),
    "error.spec_empty.message": (
        "The list of packages is empty.",
        "패키지 목록이 비어 있습니다.",
    ),
    "error.spec_empty.hint": (
        "Write one package on each line, such as torch or numpy>=2.4.",
        "torch, numpy>=2.4처럼 한 줄에 패키지 하나씩 적어 주세요.",
    ),
    "error.spec_python.message": (
        "Cannot use the Python version '{given}'.",
        "'{given}'은(는) 쓸 수 없는 파이썬 버전입니다.",
    ),
    "error.spec_python.hint": (
        "Write two numbers such as 3.12, or leave it empty for the version of this installation.",
        "3.12처럼 숫자 두 개로 적거나, 이 설치본의 버전을 쓰려면 비워 두세요.",
    ),
    "error.spec_option.message": (
        "Line {line}, '{given}': options are not taken in a list of packages.",
        "{line}번째 줄 '{given}': 패키지 목록에는 옵션을 쓸 수 없습니다.",
    ),
    "error.spec_option.hint": (
        "Write packages only. Where they come from is set by the administrator of this machine.",
        "패키지만 적어 주세요. 어디에서 받을지는 이 서버의 관리자가 정합니다.",
    ),
    "error.spec_path.message": (
        "Line {line}, '{given}': files and folders are not taken in a list of packages.",
        "{line}번째 줄 '{given}': 패키지 목록에는 파일이나 폴더를 쓸 수 없습니다.",
    ),
    "error.spec_path.hint": (
        "Name packages that the registry has; put your own code beside the notebook.",
        "저장소에 있는 패키지 이름을 적고, 직접 만든 코드는 노트북 옆에 두세요.",
    ),
    "error.spec_url.message": (
        "'{given}' (line {line}): addresses are not taken in a list of packages.",
        "{line}번째 줄 '{given}': 패키지 목록에는 주소를 쓸 수 없습니다.",
    ),
    "error.spec_url.hint": (
        "Name a package and its version. An administrator can allow addresses with "
        "`environments.allow_urls` in policy.yaml.",
        "패키지 이름과 버전으로 적어 주세요. 주소는 관리자가 policy.yaml의 `environments.allow_urls`로 허용할 수 있습니다.",
    ),
    "error.spec_line.message": (
        "Line {line} is not a package: '{given}'.",
        "{line}번째 줄은 패키지로 읽을 수 없습니다: '{given}'.",
    ),
    "error.spec_line.hint": (
        "Write a name, and a version where you need one: numpy, pandas==3.0.*, torch>=2.13.",
        "이름을 적고 필요하면 버전을 붙여 주세요. 예: numpy, pandas==3.0.*, torch>=2.13.",
    ),
    "error.spec_ours.message": (
        "Line {line}, '{given}': Madang adds its own package by itself.",
        "{line}번째 줄 '{given}': Madang 패키지는 저절로 들어갑니다.",
    ),
    "error.spec_ours.hint": ("Take the line out.", "이 줄을 지워 주세요."),
    "error.spec_section.message": (
        "environment.yml has a section '{given}'. Known are: {known}.",
        "environment.yml에 '{given}' 항목이 있습니다. 쓸 수 있는 항목: {known}.",
    ),
    "error.spec_section.hint": (
        "Take the section out; a folder or variables cannot be set here.",
        "이 항목을 지워 주세요. 폴더나 환경 변수는 여기에서 정할 수 없습니다.",
    ),
    "error.spec_shape.message": (
        "Cannot read environment.yml at: {given}.",
        "environment.yml을 읽을 수 없습니다. 위치: {given}.",
    ),
    "error.spec_shape.hint": (
        "It needs a list `dependencies`, and may have `name` and `channels`; look at the example.",
        "`dependencies` 목록이 있어야 하고 `name`과 `channels`를 쓸 수 있습니다. 예제를 참고해 주세요.",
    ),
    "error.spec_channel.message": (
        "The channel '{given}' cannot be used here. Known are: {known}.",
        "'{given}' 채널은 여기에서 쓸 수 없습니다. 쓸 수 있는 채널: {known}.",
    ),
    "error.spec_channel.hint": (
        "Take one of them, or ask an administrator for `environments.channels` in policy.yaml.",
        "이 가운데 하나를 쓰거나, 관리자에게 policy.yaml의 `environments.channels`를 요청해 주세요.",
    ),
    "error.environment_name.message": (
        "Cannot use '{given}' as the name of an environment.",
        "'{given}'은(는) 환경 이름으로 쓸 수 없습니다.",
    ),
    "error.environment_name.hint": (
        "Use small letters, digits and -, at most 40; begin with a letter or a digit.",
        "영문 소문자, 숫자, -를 40자까지 쓰고 글자나 숫자로 시작해 주세요.",
    ),
    "error.environment_exists.message": (
        "The project has an environment '{given}' already.",
        "이 프로젝트에는 '{given}' 환경이 이미 있습니다.",
    ),
    "error.environment_exists.hint": (
        "Take another name, or rebuild the one that is there with new packages.",
        "다른 이름을 쓰거나, 있는 환경을 새 패키지로 다시 만들어 주세요.",
    ),
    "error.environment_unknown.message": (
        "There is no environment '{given}' that you can see (project: {project}). Known are: {known}.",
        "볼 수 있는 환경 '{given}'이(가) 없습니다(프로젝트: {project}). 있는 환경: {known}.",
    ),
    "error.environment_unknown.hint": (
        "`madang environments` lists them; the page of the project shows them too.",
        "`madang environments`로 목록을 볼 수 있고, 프로젝트 페이지에도 나옵니다.",
    ),
    "error.environment_not_ready.message": (
        "The environment '{given}' cannot be used yet: its latest build is '{state}'.",
        "'{given}' 환경은 아직 쓸 수 없습니다. 최근 빌드 상태: '{state}'.",
    ),
    "error.environment_not_ready.hint": (
        "Wait until it is ready, or look at the log of its build.",
        "준비될 때까지 기다리거나 빌드 기록을 확인해 주세요.",
    ),
    "error.environment_gone.message": (
        "The environment is gone from this machine.",
        "이 서버에 환경이 더 이상 없습니다.",
    ),
    "error.environment_gone.hint": (
        "Rebuild it, and start again.",
        "환경을 다시 만든 뒤 시작해 주세요.",
    ),
    "error.environment_folder.message": (
        "Cannot make the folder of the environment: {why}.",
        "환경 폴더를 만들 수 없습니다: {why}.",
    ),
    "error.environment_folder.hint": (
        "The administrator should look for free space where environments are kept.",
        "관리자가 환경을 두는 디스크의 남은 공간을 확인해야 합니다.",
    ),
    "error.environment_not_yours.message": (
        "The environment '{given}' was built by somebody else.",
        "'{given}' 환경은 다른 사람이 만들었습니다.",
    ),
    "error.environment_not_yours.hint": (
        "Ask whoever built it, or an owner or manager of the project. You may use it, or build one "
        "of your own.",
        "만든 사람이나 프로젝트 책임자·매니저에게 부탁해 주세요. 그대로 쓰거나 따로 하나 만드셔도 됩니다.",
    ),
    "error.environment_of_another.message": (
        "Only the person who waits chooses the environment: its packages run in their name.",
        "환경은 기다리는 본인만 바꿀 수 있습니다. 그 패키지가 본인의 권한으로 실행되기 때문입니다.",
    ),
    "error.environment_of_another.hint": (
        "Ask them to change it on their waiting page.",
        "본인에게 대기 화면에서 바꾸어 달라고 부탁해 주세요.",
    ),
    "error.too_many_environments.message": (
        "The project has {given} environments already, at most {limit} are kept.",
        "이 프로젝트에는 환경이 이미 {given}개 있고, {limit}개까지 둘 수 있습니다.",
    ),
    "error.too_many_environments.hint": (
        "Delete one that nobody uses.",
        "쓰지 않는 환경을 지워 주세요.",
    ),
    "error.build_under_way.message": (
        "The environment '{given}' is being built already.",
        "'{given}' 환경은 이미 만드는 중입니다.",
    ),
    "error.build_under_way.hint": (
        "Wait for it, or cancel its run first.",
        "끝날 때까지 기다리거나, 그 실행을 먼저 취소해 주세요.",
    ),
    "error.build_moved_on.message": (
        "The build has changed meanwhile.",
        "그사이 빌드 상태가 바뀌었습니다.",
    ),
    "error.build_moved_on.hint": ("Look again.", "다시 확인해 주세요."),
    "error.retry_is_rebuild.message": (
        "'{given}' builds an environment; it is not run again as it is.",
        "'{given}'은(는) 환경을 만드는 실행이라 그대로 다시 실행하지 않습니다.",
    ),
    "error.retry_is_rebuild.hint": (
        "Rebuild the environment on the page of the project.",
        "프로젝트 페이지에서 환경을 다시 만들어 주세요.",
    ),
    "error.report_none.message": (
        "There is no report of '{given}' yet.",
        "'{given}'의 보고서가 아직 없습니다.",
    ),
    "error.report_none.hint": (
        "It is written when the first build is ready.",
        "첫 빌드가 끝나면 만들어집니다.",
    ),
    "error.cluster_versions_differ.message": (
        "The environment '{environment}' of the cluster does not fit this kernel: {given}.",
        "클러스터의 환경 '{environment}'이(가) 이 커널과 맞지 않습니다: {given}.",
    ),
    "error.cluster_versions_differ.hint": (
        "Open the notebook with the kernel of that environment, or leave out environment=.",
        "노트북을 그 환경의 커널로 열거나, environment=를 빼 주세요.",
    ),
    "error.build_not_ready.message": (
        "The environment '{given}' was not built: {why}",
        "'{given}' 환경을 만들지 못했습니다: {why}",
    ),
    "error.build_not_ready.hint": (
        "Read the log with `madang environments log {given}`, change the list and rebuild.",
        "`madang environments log {given}`로 기록을 확인하고, 목록을 고쳐 다시 만들어 주세요.",
    ),
    "error.build_still_going.message": (
        "The environment '{given}' is still being built.",
        "'{given}' 환경을 아직 만드는 중입니다.",
    ),
    "error.build_still_going.hint": (
        "It goes on; wait for it again.",
        "빌드는 계속됩니다. 다시 기다려 주세요.",
    ),
    "cli.environment_deleted": (
        "{name} is deleted. What runs with it goes on.",
        "{name} 환경을 지웠습니다. 이미 쓰고 있는 작업은 계속됩니다.",
    ),
    "cli.environment_ready": (
        "{name} is ready. In Lab it is the kernel {kernel}; a run takes it with --environment {name}.",
        "{name} 환경이 준비되었습니다. Lab에서는 {kernel} 커널로 보이고, 실행은 --environment {name}(으)로 씁니다.",
    ),
    "state.building": ("building", "만드는 중"),
    "state.ready": ("ready", "준비됨"),
    "state.removed": ("deleted", "지워짐"),
    "column.revision": ("revision", "판"),
    "column.version": ("version", "버전"),
    "column.packages": ("packages", "패키지"),
    "column.python": ("python", "파이썬"),
    "column.spec": ("asked for", "요청한 목록"),
    "column.kernel": ("kernel", "커널"),
    "build_state.queued": ("waits", "대기 중"),
    "build_state.building": ("is being built", "만드는 중"),
    "build_state.ready": ("ready", "준비됨"),
    "build_state.failed": ("failed", "실패"),
    "build_state.removed": ("deleted", "지워짐"),
    "build_reason.cancelled": ("It was cancelled.", "취소되었습니다."),
    "build_reason.expired": (
        "It took longer than a build may take.",
        "빌드 시간 한도를 넘었습니다.",
    ),
    "build_reason.build_failed": (
        "A step failed: the log says which package and why.",
        "한 단계가 실패했습니다. 어떤 패키지가 왜 실패했는지는 기록에 있습니다.",
    ),
    "build_reason.slot_lost": (
        "The process that built it was lost, or was not allowed to start.",
        "환경을 만들던 프로세스가 사라졌거나 시작하지 못했습니다.",
    ),
    "build_reason.not_published": (
        "The build ended without leaving a whole environment.",
        "빌드가 온전한 환경을 남기지 못하고 끝났습니다.",
    ),
    "build_reason.superseded": (
        "A newer build took its place, and nothing used it any more.",
        "새 빌드가 대신하고, 더는 쓰는 작업이 없어 지워졌습니다.",
    ),
    "build_reason.deleted": ("The environment was deleted.", "환경이 삭제되었습니다."),
    "build_reason.gone": (
        "Its files are not on this machine; rebuild it.",
        "파일이 이 서버에 없습니다. 다시 만들어 주세요.",
    ),
    "run_reason.environment_gone": (
        "Its environment was deleted before it could start.",
        "시작하기 전에 환경이 삭제되었습니다.",
    ),
    "pages.admin.act.environment.delete": ("deleted an environment", "환경을 지움"),
    "pages.environment": ("Environment", "환경"),
    "pages.environment.own": ("Python 3, as this installation has it", "Python 3 (기본 설치)"),
    "pages.new.environment_help": (
        "The packages that the notebook runs with. Others are built on the project's page.",
        "노트북이 사용할 패키지입니다. 다른 환경은 프로젝트 페이지에서 만들 수 있습니다.",
    ),
    "pages.wait.environment": ("New notebooks begin with", "새 노트북을 열 환경"),
    "pages.wait.environment_change": ("Use this one", "이 환경으로 바꾸기"),
    "pages.wait.environment_hint": (
        "Your place in the line stays as it is.",
        "바꾸어도 대기 순서는 그대로입니다.",
    ),
    "pages.env.title": ("Environments", "환경"),
    "pages.env.add": ("Build an environment", "환경 만들기"),
    "pages.env.name": ("Name", "이름"),
    "pages.env.name_hint": (
        "For commands: small letters, digits and -.",
        "명령에 쓰는 이름입니다. 영문 소문자, 숫자, -만 쓸 수 있습니다.",
    ),
    "pages.env.shown": ("Title for people", "보여 줄 제목"),
    "pages.env.kind": ("Packages from", "패키지 출처"),
    "pages.env.kind.uv": ("the Python registry (uv)", "파이썬 패키지 저장소 (uv)"),
    "pages.env.kind.conda": ("conda channels", "conda 채널"),
    "pages.env.python_same": ("as here", "서버와 같음"),
    "pages.env.spec": ("What to install", "설치할 패키지"),
    "pages.env.spec_hint": (
        "One package on each line, such as numpy>=2.4; for conda a whole environment.yml. A kernel and Madang's client come along by themselves.",
        "numpy>=2.4처럼 한 줄에 패키지 하나씩 적어 주세요. conda는 environment.yml 전체를 적습니다. 커널과 Madang 클라이언트는 저절로 들어갑니다.",
    ),
    "pages.env.examples": ("Begin with:", "예제로 시작하기:"),
    "pages.env.example": ("Begin with the example {name}", "{name} 예제로 시작하기"),
    "pages.env.build": ("Build", "만들기"),
    "pages.env.state": ("State", "상태"),
    "pages.env.packages": ("Contents", "내용"),
    "pages.env.size": ("{packages} packages, {size} MiB", "패키지 {packages}개, {size} MiB"),
    "pages.env.builder": ("Built by", "만든 사람"),
    "pages.env.log": ("Log", "기록"),
    "pages.env.rebuild": ("Rebuild", "다시 만들기"),
    "pages.env.rebuild_of": ("Rebuild {name}", "{name} 다시 만들기"),
    "pages.env.rebuild_text": (
        "Builds it anew, with the newest versions that fit. Kernels, runs and clusters that work now keep what they have; whatever starts afterwards gets the new one.",
        "조건에 맞는 최신 버전으로 새로 만듭니다. 지금 돌고 있는 커널, 실행, 클러스터는 쓰던 것을 그대로 쓰고, 이후에 시작하는 작업부터 새 환경을 씁니다.",
    ),
    "pages.env.keeps_old": (
        "Revision {revision} is in use meanwhile.",
        "그동안 {revision}번째 판을 씁니다.",
    ),
    "pages.env.delete": ("Delete", "지우기"),
    "pages.env.delete_of": ("Delete {name}", "{name} 지우기"),
    "pages.env.delete_text": (
        "Nothing new can start with it. What works with it now goes on to its end; then its files are deleted.",
        "새로 시작하는 작업은 이 환경을 쓸 수 없습니다. 지금 쓰고 있는 작업은 끝까지 계속되고, 그 뒤 파일이 지워집니다.",
    ),
    "pages.env.use": (
        'In Lab each is a kernel, and the form of a new run offers them. Elsewhere: madang run --environment NAME, madang.Cluster(environment="NAME"). What was built by somebody else runs with your rights: use what you trust.',
        'Lab에서는 커널로 보이고, 새 실행 양식에서도 고를 수 있습니다. 명령과 코드에서는 madang run --environment 이름, madang.Cluster(environment="이름")으로 씁니다. 다른 사람이 만든 환경도 내 권한으로 실행되니 믿을 수 있는 것을 쓰세요.',
    ),
    "pages.env.empty": (
        "None yet. An environment holds the packages that the project needs, built once and shared by its notebooks, runs and clusters. Without one, the packages of this installation are used.",
        "아직 없습니다. 환경은 프로젝트에 필요한 패키지를 한 번 만들어 노트북, 실행, 클러스터가 함께 쓰는 것입니다. 없으면 이 서버에 설치된 패키지를 씁니다.",
    ),
    "pages.env.survives": (
        "What stays when a server stops?",
        "서버가 멈추면 무엇이 남나요?",
    ),
    "pages.env.stays": ("Stays", "남는 것"),
    "pages.env.stays_text": (
        "Files in your home, with packages that you installed there with pip install --user; environments of the project; results and logs of runs.",
        "홈 폴더의 파일과 pip install --user로 설치한 패키지, 프로젝트의 환경, 실행 결과와 기록.",
    ),
    "pages.env.goes": ("Is lost", "사라지는 것"),
    "pages.env.goes_text": (
        "Variables and data in the memory of kernels and workers, unsaved changes, terminals, the working folder of a run. Files in /tmp may be deleted at any time. An environment cannot be changed from a notebook: rebuild it.",
        "커널과 워커 메모리의 변수와 데이터, 저장하지 않은 변경, 터미널, 실행의 작업 폴더. /tmp의 파일은 언제든 지워질 수 있습니다. 환경은 노트북에서 바꿀 수 없으니 다시 만들어 주세요.",
    ),
}
