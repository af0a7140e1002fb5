"""Texts about the administrator's files and about quantities."""

TEXTS = {
    "error.cpu_count.message": (
        "'{given}' is no number of processor cores.",
        "'{given}'은(는) 프로세서 코어 수로 읽을 수 없습니다.",
    ),
    "error.cpu_count.hint": (
        "Give a number from 0.05 to 1024, such as 2 or 0.5.",
        "2나 0.5처럼 0.05부터 1024까지의 수를 적어 주세요.",
    ),
    "error.duration_unreadable.message": (
        "Cannot read the duration '{given}': a number with s, m, h or d is expected.",
        "'{given}'을(를) 시간으로 읽을 수 없습니다. 숫자에 s, m, h, d 중 하나를 붙여 주세요.",
    ),
    "error.duration_unreadable.hint": (
        "Write for example 90s, 15m, 2h or 1d.",
        "예: 90s, 15m, 2h, 1d.",
    ),
    "error.policy_shape.message": (
        "Cannot read {where}: found {given}, expected a table of keys and values.",
        "{where}을(를) 읽을 수 없습니다. {given} 대신 키와 값의 목록이 와야 합니다.",
    ),
    "error.policy_shape.hint": (
        "Compare with the example in hub_config/.",
        "hub_config/의 예시와 비교해 보세요.",
    ),
    "error.policy_key.message": (
        "Unknown key '{given}' in {where}. Known keys: {known}.",
        "{where}에 모르는 키 '{given}'이(가) 있습니다. 쓸 수 있는 키: {known}.",
    ),
    "error.policy_key.hint": ("Correct or remove the key.", "키를 고치거나 지워 주세요."),
    "error.policy_tier.message": (
        "{where} names the tier '{given}', which is not defined. Defined tiers: {known}.",
        "{where}의 등급 '{given}'이(가) 정의되어 있지 않습니다. 정의된 등급: {known}.",
    ),
    "error.policy_tier.hint": (
        "Define it under `tiers:` or pick a defined one.",
        "`tiers:` 아래에 정의하거나 있는 등급을 골라 주세요.",
    ),
    "error.policy_role.message": (
        "Unknown role in {where}: {given}.",
        "{where}에 모르는 역할이 있습니다: {given}.",
    ),
    "error.policy_role.hint": (
        "Roles are owner, manager, member, viewer, instructor, auditor.",
        "역할은 owner, manager, member, viewer, instructor, auditor입니다.",
    ),
    "error.policy_internet.message": (
        "{where}: internet is {given}, which is none of the choices.",
        "{where}의 internet 값 {given}은(는) 고를 수 없는 값입니다.",
    ),
    "error.policy_internet.hint": (
        "Choose off, allow-list or on.",
        "off, allow-list, on 중에서 골라 주세요.",
    ),
    "error.file_missing.message": ("The file {path} does not exist.", "{path} 파일이 없습니다."),
    "error.file_missing.hint": (
        "Give another path, or copy the example from hub_config/.",
        "다른 경로를 주거나 hub_config/의 예시를 복사해 주세요.",
    ),
    "error.file_unreadable.message": (
        "The file {path} cannot be read: {given}",
        "{path} 파일을 읽을 수 없습니다: {given}",
    ),
    "error.file_unreadable.hint": (
        "Correct the line that is named and start again.",
        "표시된 줄을 고친 뒤 다시 시작해 주세요.",
    ),
}
