"""Texts of projects, members, grants and people: errors, and the words of the command line."""

TEXTS = {
    "reason.left": (
        "The person left this installation.",
        "사용자가 이곳을 떠나 작업을 정리했습니다.",
    ),
    "reason.left.hint": (
        "What was saved is kept; an administrator can take the person back.",
        "저장한 내용은 남아 있습니다. 다시 쓰려면 관리자에게 요청해 주세요.",
    ),
    "error.admin_only.message": (
        "Only administrators may do this.",
        "관리자만 할 수 있는 일입니다.",
    ),
    "error.admin_only.hint": (
        "Ask an administrator of this installation.",
        "이곳의 관리자에게 요청해 주세요.",
    ),
    "error.reason_missing.message": (
        "An act of an administrator needs a reason, and none was given.",
        "관리자가 하는 일에는 사유가 필요한데 적혀 있지 않습니다.",
    ),
    "error.reason_missing.hint": (
        "Say in a few words why; it is kept with the act.",
        "왜 하는지 짧게 적어 주세요. 기록과 함께 남습니다.",
    ),
    "error.person_unknown.message": (
        "Nobody named '{given}' has logged in here.",
        "'{given}'(이)라는 이름으로 로그인한 사람이 없습니다.",
    ),
    "error.person_unknown.hint": (
        "Check the name, let them log in once, or ask an administrator to add them beforehand.",
        "이름을 확인하거나, 그분이 한 번 로그인하도록 하거나, 관리자에게 미리 추가해 달라고 요청해 주세요.",
    ),
    "error.member_unknown.message": (
        "'{given}' is not in the project '{project}'.",
        "'{given}'님은 '{project}' 프로젝트에 없습니다.",
    ),
    "error.member_unknown.hint": (
        "Look at the members with: madang projects show {project}",
        "구성원은 다음 명령으로 볼 수 있습니다: madang projects show {project}",
    ),
    "error.role_cannot_manage.message": (
        "Your role in '{project}' is '{role}', which cannot change its people.",
        "'{project}'에서의 역할 '{role}'(으)로는 구성원을 바꿀 수 없습니다.",
    ),
    "error.role_cannot_manage.hint": (
        "Ask an owner or manager of the project.",
        "프로젝트의 책임자나 관리자에게 요청해 주세요.",
    ),
    "error.owner_only.message": (
        "Only an owner of '{project}' may make or remove owners.",
        "'{project}'의 책임자를 정하거나 빼는 일은 책임자만 할 수 있습니다.",
    ),
    "error.owner_only.hint": ("Ask an owner of the project.", "프로젝트 책임자에게 요청해 주세요."),
    "error.last_owner.message": (
        "'{person}' is the last owner of '{project}' and cannot leave it.",
        "'{person}'님은 '{project}'의 마지막 책임자라서 나갈 수 없습니다.",
    ),
    "error.last_owner.hint": (
        "Make somebody else an owner first.",
        "먼저 다른 분을 책임자로 정해 주세요.",
    ),
    "error.role_unknown.message": (
        "'{given}' is no role. Roles are: {known}.",
        "'{given}'(이)라는 역할은 없습니다. 쓸 수 있는 역할: {known}.",
    ),
    "error.role_unknown.hint": ("Choose one of these.", "이 가운데 하나를 골라 주세요."),
    "error.tier_unknown.message": (
        "'{given}' is no tier of policy.yaml. Tiers are: {known}.",
        "'{given}' 등급은 policy.yaml에 없습니다. 쓸 수 있는 등급: {known}.",
    ),
    "error.tier_unknown.hint": (
        "Choose one of these, or add the tier to policy.yaml.",
        "이 가운데 하나를 고르거나 policy.yaml에 등급을 추가해 주세요.",
    ),
    "error.project_name_unusable.message": (
        "'{given}' cannot be the name of a project: small letters, digits and '-', at most 40.",
        "'{given}'은(는) 프로젝트 이름으로 쓸 수 없습니다. 영문 소문자, 숫자, '-'만 40자까지 쓸 수 있습니다.",
    ),
    "error.project_name_unusable.hint": (
        "Commands use the name; what people read is the title, which may be anything.",
        "이름은 명령에서 씁니다. 사람이 읽는 제목은 자유롭게 적을 수 있습니다.",
    ),
    "error.title_empty.message": ("The title is empty.", "제목이 비어 있습니다."),
    "error.title_empty.hint": ("Write at least one word.", "한 단어라도 적어 주세요."),
    "error.hub_name_unusable.message": (
        "{given} cannot be the name of a person.",
        "{given}은(는) 사용자 이름으로 쓸 수 없습니다.",
    ),
    "error.hub_name_unusable.hint": (
        "Give the name with which the person logs in.",
        "그분이 로그인할 때 쓰는 이름을 적어 주세요.",
    ),
    "error.grant_days.message": (
        "A grant of {given} days is not possible: 1 to {limit} days.",
        "{given}일 동안의 지급은 할 수 없습니다. 1일에서 {limit}일까지 가능합니다.",
    ),
    "error.grant_days.hint": ("Choose a span in between.", "그 사이의 기간을 골라 주세요."),
    "error.grant_too_large.message": (
        "The amount is too large: at most {limit} credits at once ({given} micro-credits asked).",
        "금액이 너무 큽니다. 한 번에 {limit} 크레딧까지 가능합니다(요청: {given} 마이크로크레딧).",
    ),
    "error.grant_too_large.hint": (
        "Give a smaller amount; further grants can follow.",
        "더 작은 금액을 지급해 주세요. 나중에 더 지급할 수 있습니다.",
    ),
    "error.name_taken.message": (
        "Another person has the name '{given}' already.",
        "'{given}' 이름은 이미 다른 사람이 쓰고 있습니다.",
    ),
    "error.name_taken.hint": (
        "If that is the same human after a login under the new name, rename the new entry first.",
        "새 이름으로 이미 로그인해 생긴 같은 사람이라면, 새로 생긴 쪽의 이름을 먼저 바꿔 주세요.",
    ),
    "error.rename_while_held.message": (
        "'{person}' has {leases} leases that have not ended, under the old name.",
        "'{person}'님에게 아직 끝나지 않은 사용이 {leases}건 있습니다.",
    ),
    "error.rename_while_held.hint": (
        "Let them end, then rename.",
        "모두 끝난 뒤에 이름을 바꿔 주세요.",
    ),
    "error.person_left.message": (
        "'{person}' has left this installation.",
        "'{person}'님은 이곳을 떠난 것으로 되어 있습니다.",
    ),
    "error.person_left.hint": (
        "An administrator can take them back by adding them to a project.",
        "관리자가 프로젝트에 다시 추가하면 쓸 수 있습니다.",
    ),
    "error.off_board_self.message": (
        "You cannot off-board yourself.",
        "자기 자신을 내보낼 수는 없습니다.",
    ),
    "error.off_board_self.hint": (
        "Ask another administrator.",
        "다른 관리자에게 요청해 주세요.",
    ),
    "cli.member_set": ("{person} is {role} of {project}", "{person}님은 {project}의 {role}입니다"),
    "cli.member_removed": ("{person} is out of {project}", "{person}님을 {project}에서 뺐습니다"),
    "cli.granted": ("{project} has {left} credits left", "{project}에 남은 크레딧: {left}"),
    "cli.project_made": ("Made the project {project}", "프로젝트 {project}을(를) 만들었습니다"),
    "cli.renamed": ("{old} is {new} now", "{old}님의 이름이 {new}(으)로 바뀌었습니다"),
    "cli.off_boarded": (
        "{person} has left: {ended} leases and runs are ending",
        "{person}님을 내보냈습니다: 사용과 실행 {ended}건을 정리합니다",
    ),
    "cli.ownerless": (
        "these projects have no owner now: {projects}",
        "이제 책임자가 없는 프로젝트: {projects}",
    ),
    "column.from_ms": ("from", "시작"),
    "column.quota": ("guaranteed", "보장"),
    "column.until_ms": ("until", "끝"),
    "column.amount": ("credits", "크레딧"),
    "column.note": ("note", "메모"),
    "column.projects": ("projects", "프로젝트"),
    "column.left_ms": ("left on", "떠난 때"),
    "column.reason": ("reason", "사유"),
}
