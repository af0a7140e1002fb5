"""Texts of stored outputs: where they are kept, how long, and what deleting them says."""

TEXTS = {
    "output.expired": (
        "Its output was deleted on {date} after {days} days. What it was given, its parameters and its cost are still here.",
        "보관 기간 {days}일이 지나 {date}에 출력을 삭제했습니다. 제출한 노트북과 매개변수, 비용 기록은 그대로 남아 있습니다.",
    ),
    "output.deleted": (
        "Its output was deleted on {date} on request. What it was given, its parameters and its cost are still here.",
        "요청에 따라 {date}에 출력을 삭제했습니다. 제출한 노트북과 매개변수, 비용 기록은 그대로 남아 있습니다.",
    ),
    "error.output_expired.message": (
        "Its output was deleted on {date} after {days} days.",
        "보관 기간 {days}일이 지나 {date}에 출력을 삭제했습니다.",
    ),
    "error.output_expired.hint": (
        "Outputs are kept for {days} days here. Run it again to get a new one.",
        "출력은 {days}일 동안 보관합니다. 새 출력이 필요하면 다시 실행해 주세요.",
    ),
    "error.output_deleted.message": (
        "Its output was deleted on {date} on request.",
        "요청에 따라 {date}에 출력을 삭제했습니다.",
    ),
    "error.output_deleted.hint": (
        "Run it again to get a new one.",
        "새 출력이 필요하면 다시 실행해 주세요.",
    ),
    "error.output_not_final.message": (
        "{given} has not ended ({state}), so its output cannot be deleted yet.",
        "{given}은(는) 아직 끝나지 않아({state}) 출력을 삭제할 수 없습니다.",
    ),
    "error.output_not_final.hint": (
        "Wait for its end or cancel it, then delete the output.",
        "끝나기를 기다리거나 취소한 뒤 출력을 삭제해 주세요.",
    ),
    "error.artifacts_away.message": (
        "The storage of notebooks and outputs does not answer now ({why}).",
        "노트북과 출력을 보관하는 저장소가 지금 응답하지 않습니다({why}).",
    ),
    "error.artifacts_away.hint": (
        "Nothing was lost; try again in a moment. If it stays away, an administrator should look at the storage.",
        "잃어버린 내용은 없습니다. 잠시 뒤 다시 시도해 주세요. 계속 응답하지 않으면 관리자가 저장소를 확인해야 합니다.",
    ),
    "waits_for.artifacts_away": (
        "Waits for the storage of notebooks and outputs, which does not answer now. Nothing is lost: runs that are done hand in their output when it is back, and the others start then.",
        "노트북과 출력을 보관하는 저장소가 지금 응답하지 않아 기다리고 있습니다. 잃어버리는 내용은 없습니다. 저장소가 돌아오면 끝난 실행은 출력을 넘기고 나머지 실행은 시작합니다.",
    ),
    "waits_for.image_away": (
        "Waits for its image, which its machine cannot get now; it is tried again and again. If it stays so, tell an administrator the id of the lease. Nothing is charged meanwhile.",
        "이미지를 가져오지 못해 기다리고 있으며 계속 다시 시도합니다. 오래 걸리면 관리자에게 이 할당 번호를 알려 주세요. 기다리는 동안은 요금이 없습니다.",
    ),
    "waits_for.machine_silent": (
        "Its machine does not answer now. It may still be running there, so it is not started anywhere else yet; if the machine is gone for good, it goes on elsewhere once an administrator has removed the machine.",
        "실행 중인 장비가 지금 응답하지 않습니다. 그곳에서 계속 실행되고 있을 수 있어 다른 곳에서는 아직 시작하지 않습니다. 장비가 완전히 사라졌다면 관리자가 그 장비를 제거한 뒤 다른 곳에서 이어집니다.",
    ),
    "pages.run.snapshot": ("Notebook, as submitted (SHA-256)", "신청 당시 노트북(SHA-256)"),
    "column.notebook_sha256": ("notebook (SHA-256)", "노트북(SHA-256)"),
    "column.waits_for": ("waits for", "기다리는 것"),
    "error.artifacts_url.message": (
        "The storage {given} in policy.yaml (artifacts: url) cannot be used.",
        "policy.yaml의 저장소 주소 {given}(artifacts: url)을 사용할 수 없습니다.",
    ),
    "error.artifacts_url.hint": (
        "Write an address such as s3://bucket/prefix; for S3, install the extra: pip install 'madang[s3]'.",
        "s3://bucket/prefix 같은 주소를 적어 주세요. S3를 쓰려면 추가 구성을 설치합니다: pip install 'madang[s3]'.",
    ),
    "error.artifacts_url_secret.message": (
        "The address of the storage in policy.yaml holds a name or password ('@' or '?').",
        "policy.yaml의 저장소 주소에 이름이나 비밀번호가 들어 있습니다('@' 또는 '?').",
    ),
    "error.artifacts_url_secret.hint": (
        "Many people and copies read this file. Write the address alone and put keys into the file that credentials_file names.",
        "이 파일은 여러 사람이 읽고 복사합니다. 주소만 적고, 키는 credentials_file이 가리키는 파일에 넣어 주세요.",
    ),
    "error.credentials_missing.message": (
        "The file {path} with the keys of the storage cannot be read, or is no YAML mapping.",
        "저장소 키가 든 파일 {path}을(를) 읽을 수 없거나 YAML 형식이 아닙니다.",
    ),
    "error.credentials_missing.hint": (
        "Write lines such as `key: …` and `secret: …` into it, readable only for the service.",
        "`key: …`, `secret: …` 같은 줄을 적고 서비스만 읽을 수 있게 해 주세요.",
    ),
    "error.keep_days_unusable.message": (
        "artifacts: keep_days in policy.yaml is {given}; it must be a whole number of days from 0 to {limit}.",
        "policy.yaml의 artifacts: keep_days가 {given}입니다. 0부터 {limit}까지의 날수를 정수로 적어야 합니다.",
    ),
    "error.keep_days_unusable.hint": (
        "Write such as `keep_days: 90`; 0 keeps outputs for ever.",
        "`keep_days: 90`처럼 적어 주세요. 0이면 계속 보관합니다.",
    ),
    "column.output_deleted_text": ("output deleted", "출력 삭제"),
    "cli.output_deleted": (
        "The output of {id} is deleted; its row stays.",
        "{id}의 출력을 삭제했습니다. 실행 기록은 남아 있습니다.",
    ),
    "cli.output_delete_ask": (
        "Delete the output and log of {id} for good?",
        "{id}의 출력과 로그를 완전히 삭제할까요?",
    ),
    "cli.retention_plan": (
        "{runs} runs ended more than {days} days ago; their outputs would be deleted: {objects} objects, {bytes} bytes.",
        "{days}일보다 오래전에 끝난 실행이 {runs}개 있습니다. 출력 {objects}개, {bytes}바이트를 삭제하게 됩니다.",
    ),
    "cli.retention_done": (
        "The outputs of {runs} runs that ended more than {days} days ago are deleted ({objects} objects, {bytes} bytes); the space is free within minutes.",
        "{days}일보다 오래전에 끝난 실행 {runs}개의 출력을 삭제했습니다({objects}개, {bytes}바이트). 공간은 몇 분 안에 비워집니다.",
    ),
    "cli.retention_off": (
        "Outputs are kept for ever here; policy.yaml says otherwise with `artifacts: {{keep_days: 90}}`.",
        "이곳에서는 출력을 계속 보관합니다. 기간을 정하려면 policy.yaml에 `artifacts: {{keep_days: 90}}`처럼 적어 주세요.",
    ),
    "pages.run.delete_output": ("Delete output", "출력 삭제"),
    "pages.run.delete_output_of": ("Delete the output of {name}?", "{name}의 출력을 삭제할까요?"),
    "pages.run.delete_output_text": (
        "Output and log are gone for good; the notebook, its parameters and its cost stay.",
        "출력과 로그는 되살릴 수 없습니다. 노트북과 매개변수, 비용 기록은 남습니다.",
    ),
    "pages.admin.act.run.delete_output": ("deleted the output of a run", "실행 출력 삭제"),
    "pages.admin.act.sweep.delete_output": ("deleted the outputs of a sweep", "스윕 출력 삭제"),
    "pages.admin.act.artifacts.expire": ("deleted old outputs", "오래된 출력 삭제"),
}
