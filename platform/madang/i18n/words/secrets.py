"""Texts about secrets: rules, refusals, the command line and the pages."""

TEXTS = {
    "given.hidden": (
        "what you sent is not repeated here",
        "보낸 내용은 여기에 되풀이하지 않습니다",
    ),
    "error.secret_name_form.message": (
        "A secret cannot be named so: capital letters, digits and underscores are expected, "
        "a letter first, 64 characters at most.",
        "비밀 값의 이름으로 쓸 수 없습니다. 대문자로 시작해 대문자, 숫자, 밑줄로 64자까지 쓸 수 있습니다.",
    ),
    "error.secret_name_form.hint": (
        "Such as HF_TOKEN. The value itself goes in separately, and never on a command line.",
        "예: HF_TOKEN. 값은 따로 입력하며, 명령줄에는 쓰지 않습니다.",
    ),
    "error.secret_name_taken.message": (
        "'{given}' cannot be a secret: this variable decides how kernels, shells, drivers or "
        "Madang work, and would change that for every run that names it.",
        "'{given}'은(는) 비밀 값의 이름으로 쓸 수 없습니다. 커널, 셸, 드라이버나 Madang의 동작을 정하는 변수라서, "
        "이 이름을 쓰는 실행이 모두 다르게 움직이게 됩니다.",
    ),
    "error.secret_name_taken.hint": (
        "Choose another name, and let the notebook read it from os.environ.",
        "다른 이름을 고르고, 노트북에서 os.environ으로 읽어 주세요.",
    ),
    "error.secret_value_empty.message": (
        "The value is empty.",
        "값이 비어 있습니다.",
    ),
    "error.secret_value_empty.hint": (
        "Give at least one character, or remove the secret.",
        "한 글자 이상 입력하거나, 비밀 값을 지워 주세요.",
    ),
    "error.secret_value_large.message": (
        "The value has {given} bytes; at most {limit} are kept.",
        "값이 {given}바이트입니다. {limit}바이트까지 둘 수 있습니다.",
    ),
    "error.secret_value_large.hint": (
        "Keep a key or a token here, and larger files where the notebook can fetch them with it.",
        "여기에는 키나 토큰을 두고, 큰 파일은 그 키로 받을 수 있는 곳에 두세요.",
    ),
    "error.secret_value_unfit.message": (
        "The value is no text that a variable can hold: it must be UTF-8 without NUL.",
        "변수에 담을 수 없는 값입니다. NUL이 없는 UTF-8 글자여야 합니다.",
    ),
    "error.secret_value_unfit.hint": (
        "Encode binary data first, for example with base64.",
        "이진 데이터는 먼저 base64 등으로 바꿔 주세요.",
    ),
    "error.secrets_too_many.message": (
        "{given} secrets are named; a run gets at most {limit}.",
        "비밀 값을 {given}개 적었습니다. 실행 하나에 {limit}개까지 쓸 수 있습니다.",
    ),
    "error.secrets_too_many.hint": (
        "Name only those that the notebook reads.",
        "노트북이 읽는 것만 적어 주세요.",
    ),
    "error.too_many_secrets.message": (
        "The project has {given} secrets; at most {limit} are kept.",
        "프로젝트에 비밀 값이 {given}개 있습니다. {limit}개까지 둘 수 있습니다.",
    ),
    "error.too_many_secrets.hint": (
        "Remove one that nobody needs: madang secret remove NAME",
        "쓰지 않는 것을 지워 주세요: madang secret remove NAME",
    ),
    "error.secret_unknown.message": (
        "The project '{project}' has no secret {given}; it has: {known}.",
        "프로젝트 '{project}'에 비밀 값 {given}이(가) 없습니다. 있는 것: {known}.",
    ),
    "error.secret_unknown.hint": (
        "An owner or manager can add it: madang secret set NAME",
        "프로젝트의 책임자나 관리자가 추가할 수 있습니다: madang secret set NAME",
    ),
    "error.secret_none.message": (
        "The project '{project}' has no secret '{given}'.",
        "프로젝트 '{project}'에 비밀 값 '{given}'이(가) 없습니다.",
    ),
    "error.secret_none.hint": (
        "List those that there are: madang secret list",
        "있는 것을 확인해 주세요: madang secret list",
    ),
    "error.secret_role.message": (
        "Your role in '{project}' is '{role}', which cannot change its secrets.",
        "'{project}'에서의 역할 '{role}'(으)로는 비밀 값을 바꿀 수 없습니다.",
    ),
    "error.secret_role.hint": (
        "Ask an owner or manager of the project. You may use the secrets that there are by name.",
        "프로젝트의 책임자나 관리자에게 요청해 주세요. 이미 있는 비밀 값은 이름으로 쓸 수 있습니다.",
    ),
    "error.secret_which_project.message": (
        "Secrets belong to a project, and none is named.",
        "비밀 값은 프로젝트에 속하는데, 프로젝트를 적지 않았습니다.",
    ),
    "error.secret_which_project.hint": (
        "Name it with --project; yours are listed by: madang projects",
        "--project로 적어 주세요. 내 프로젝트는 madang projects로 볼 수 있습니다.",
    ),
    "error.secret_gone.message": (
        "A secret that the run needs is not there any more: {given}.",
        "실행에 필요한 비밀 값이 이제 없습니다: {given}.",
    ),
    "error.secret_gone.hint": (
        "Have it set again, then retry.",
        "다시 설정한 뒤 재시도해 주세요.",
    ),
    "run_reason.secret_gone": (
        "A secret that it needs was removed before it could start, or cannot be opened any more. "
        "Have it set again, then retry.",
        "시작하기 전에 필요한 비밀 값이 지워졌거나, 더는 열 수 없습니다. 다시 설정한 뒤 재시도해 주세요.",
    ),
    "column.secret_version": ("times set", "설정 횟수"),
    "column.secrets": ("secrets", "비밀 값"),
    "column.set_by": ("set by", "설정한 사람"),
    "column.set_ms": ("set at", "설정 시각"),
    "cli.secret_ask": ("Value of {name} (not shown)", "{name}의 값(화면에 보이지 않음)"),
    "cli.secret_set": (
        "{name} is set (version {version}). Nobody is shown the value; use it with --secret {name}.",
        "{name}을(를) 설정했습니다(버전 {version}). 값은 누구에게도 보이지 않습니다. 쓰려면: --secret {name}",
    ),
    "cli.secret_removed": (
        "{name} is removed. Runs that wait for it end before they start.",
        "{name}을(를) 지웠습니다. 이 값을 기다리던 실행은 시작하지 않고 끝납니다.",
    ),
    "pages.secret.title": ("Secrets", "비밀 값"),
    "pages.secret.add": ("Add a secret", "비밀 값 추가"),
    "pages.secret.name": ("Name", "이름"),
    "pages.secret.name_hint": (
        "Capital letters, digits and underscores, such as HF_TOKEN.",
        "대문자, 숫자, 밑줄. 예: HF_TOKEN",
    ),
    "pages.secret.value": ("Value", "값"),
    "pages.secret.value_hint": (
        "One line; nobody is shown it again. Several lines: madang secret set NAME --from-file FILE",
        "한 줄만 입력할 수 있고, 저장하면 다시 볼 수 없습니다. 여러 줄: madang secret set NAME --from-file FILE",
    ),
    "pages.secret.version": ("Times set", "설정 횟수"),
    "pages.secret.set_by": ("Set by", "설정한 사람"),
    "pages.secret.set_at": ("Set at", "설정 시각"),
    "pages.secret.change": ("New value", "새 값"),
    "pages.secret.change_of": ("A new value for {name}", "{name}의 새 값"),
    "pages.secret.remove": ("Remove", "지우기"),
    "pages.secret.remove_of": ("Remove {name}?", "{name}을(를) 지울까요?"),
    "pages.secret.remove_text": (
        "Runs that wait for it end before they start. The value cannot be brought back.",
        "이 값을 기다리던 실행은 시작하지 않고 끝납니다. 값은 되돌릴 수 없습니다.",
    ),
    "pages.secret.use": (
        "Runs that name a secret (--secret NAME, or a tick in the form) find its value in os.environ.",
        "실행할 때 이름을 고르면(--secret NAME 또는 제출 화면) 노트북이 os.environ에서 값을 읽습니다.",
    ),
    "pages.secret.empty": (
        "None yet. An owner or manager can keep tokens and keys here, so that they stand in no notebook.",
        "아직 없습니다. 책임자나 관리자가 토큰과 키를 여기에 두면 노트북에 적지 않아도 됩니다.",
    ),
    "pages.secret.choose": (
        "The kernel gets those that you tick in its environment.",
        "고른 값을 커널의 환경 변수로 넣습니다.",
    ),
    "pages.admin.act.secret.set": ("set a secret", "비밀 값 설정"),
    "pages.admin.act.secret.remove": ("removed a secret", "비밀 값 지움"),
}
