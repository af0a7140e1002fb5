"""Texts of looking after an installation: backup, restore, maintenance, devices, metrics."""

TEXTS = {
    "error.backup_of_postgres.message": (
        "The database is PostgreSQL; `madang backup` and `madang restore` copy embedded databases only.",
        "데이터베이스가 PostgreSQL입니다. `madang backup`과 `madang restore`는 내장 데이터베이스만 다룹니다.",
    ),
    "error.backup_of_postgres.hint": (
        "Use PostgreSQL's own tools, and copy the artifacts folder after the dump: `pg_dump --format=custom --file=madang.dump DATABASE`; to restore with the service stopped: `pg_restore --clean --if-exists --single-transaction --dbname=DATABASE madang.dump`.",
        "PostgreSQL의 도구를 사용하고, 덤프가 끝난 뒤 artifacts 폴더를 복사해 주세요: `pg_dump --format=custom --file=madang.dump 데이터베이스`. 복원할 때는 서비스를 멈추고 `pg_restore --clean --if-exists --single-transaction --dbname=데이터베이스 madang.dump`를 실행합니다.",
    ),
    "error.nothing_to_back_up.message": (
        "There is no database in the data folder {home}.",
        "데이터 폴더 {home}에 데이터베이스가 없습니다.",
    ),
    "error.nothing_to_back_up.hint": (
        "Name the folder of the installation with --home or MADANG_HOME.",
        "--home이나 MADANG_HOME으로 설치된 데이터 폴더를 지정해 주세요.",
    ),
    "error.backup_not_written.message": (
        "The backup {path} was not written: {why}.",
        "백업 {path}을(를) 쓰지 못했습니다: {why}.",
    ),
    "error.backup_not_written.hint": (
        "Nothing was left behind. Give a new file or another folder with --to; a backup never replaces a file.",
        "남은 파일은 없습니다. --to로 새 파일이나 다른 폴더를 지정해 주세요. 백업은 이미 있는 파일을 덮어쓰지 않습니다.",
    ),
    "error.backup_unreadable.message": (
        "{path} is no whole backup of Madang: {why}.",
        "{path}은(는) 온전한 마당 백업 파일이 아닙니다: {why}.",
    ),
    "error.backup_unreadable.hint": (
        "Nothing was changed. It may have been cut short while it was copied; copy it again, or take an older backup.",
        "바뀐 것은 없습니다. 복사하다 잘렸을 수 있으니 다시 복사하거나 이전 백업을 사용해 주세요.",
    ),
    "error.backup_damaged.message": (
        "The backup {path} is damaged: {count} of its files are not what the manifest says, {name} for one.",
        "백업 {path}이(가) 손상되었습니다. {name} 등 파일 {count}개가 목록과 다릅니다.",
    ),
    "error.backup_damaged.hint": (
        "Nothing was changed. Copy it again from where it was kept, or take an older backup.",
        "바뀐 것은 없습니다. 보관한 곳에서 다시 복사하거나 이전 백업을 사용해 주세요.",
    ),
    "error.ledger_broken.message": (
        "The ledger inside {path} does not add up ({count} problems).",
        "{path}에 든 원장의 계산이 맞지 않습니다(문제 {count}건).",
    ),
    "error.ledger_broken.hint": (
        "Nothing was changed. Take an older backup, and keep this one: it shows since when.",
        "바뀐 것은 없습니다. 이전 백업을 사용하시고, 언제부터 어긋났는지 알 수 있도록 이 파일도 보관해 주세요.",
    ),
    "error.restore_over_processes.message": (
        "{count} processes of leases still run from the data folder {home}.",
        "데이터 폴더 {home}에서 시작된 리스 프로세스 {count}개가 아직 실행 중입니다.",
    ),
    "error.restore_over_processes.hint": (
        "End them first: madang down --home {home}",
        "먼저 종료해 주세요: madang down --home {home}",
    ),
    "error.home_not_empty.message": (
        "The data folder {home} is not empty ({name} is in it).",
        "데이터 폴더 {home}이(가) 비어 있지 않습니다({name}이(가) 있습니다).",
    ),
    "error.home_not_empty.hint": (
        "Name an empty folder with --home, or use --force: it puts what is there aside and deletes nothing.",
        "--home으로 빈 폴더를 지정하거나 --force를 사용해 주세요. --force는 있던 파일을 지우지 않고 따로 옮겨 둡니다.",
    ),
    "error.restore_failed.message": (
        "The restore into {home} stopped: {why}.",
        "{home}(으)로 복원하다가 멈췄습니다: {why}.",
    ),
    "error.restore_failed.hint": (
        "Make room or correct the permissions, then restore again with --force; files that were replaced lie in its backups folder.",
        "공간을 확보하거나 권한을 고친 뒤 --force로 다시 복원해 주세요. 바뀐 파일은 backups 폴더에 있습니다.",
    ),
    "error.restore_unfinished.message": (
        "A restore into {home} was interrupted, so only a part of the files is in place.",
        "{home}의 복원이 도중에 끊겨 파일 일부만 제자리에 있습니다.",
    ),
    "error.restore_unfinished.hint": (
        "Run the restore again: madang restore FILE --home {home} --force",
        "복원을 다시 실행해 주세요: madang restore 파일 --home {home} --force",
    ),
    "cli.queues_removed": (
        "{count} queue objects of this installation were deleted.",
        "이 설치의 대기열 객체 {count}개를 지웠습니다.",
    ),
    "cli.queues_needed": (
        "Nothing was deleted: {count} leases are there still, such as {first}. End them, then run"
        " this again.",
        "아무것도 지우지 않았습니다. 아직 임대가 {count}개 있습니다(예: {first})."
        " 먼저 끝낸 뒤 다시 실행해 주세요.",
    ),
    "cli.migrated": (
        "The database has the tables of Madang {version}.",
        "데이터베이스가 마당 {version}의 테이블로 준비되었습니다.",
    ),
    "cli.backup_made": (
        "{count} files, {mib} MiB, schema {revision}. Keep a copy on another machine.",
        "파일 {count}개, {mib} MiB, 스키마 {revision}. 다른 컴퓨터에도 한 벌 보관해 주세요.",
    ),
    "cli.backup_secret": (
        "It holds passwords and tokens: keep it where only administrators can read it.",
        "비밀번호와 토큰이 들어 있으니 관리자만 읽을 수 있는 곳에 보관해 주세요.",
    ),
    "cli.backup_left_out": (
        "People's own folders are not in it: {path}",
        "사용자 개인 폴더는 포함되지 않았습니다: {path}",
    ),
    "cli.restored": (
        "Restored as of {when}; the ledger's {entries} entries add up.",
        "{when} 상태로 복원했습니다. 원장 {entries}건을 모두 검증했습니다.",
    ),
    "cli.restore_put_aside": (
        "What was there before lies in {path}; delete it once you are content.",
        "이전 파일은 {path}에 있습니다. 확인이 끝나면 지우셔도 됩니다.",
    ),
    "cli.restore_new_secrets": (
        "The backup holds no secrets: new passwords and tokens hold, and everybody logs in again.",
        "백업에 비밀 정보가 없어 비밀번호와 토큰이 새로 만들어집니다. 모두 다시 로그인해야 합니다.",
    ),
    "cli.restore_up": (
        "Start it: madang up {options}",
        "다음과 같이 시작하세요: madang up {options}",
    ),
    "error.backup_impossible.message": (
        "The database was not copied to {path} ({why}), so it was not upgraded.",
        "데이터베이스를 {path}에 복사하지 못해({why}) 업그레이드하지 않았습니다.",
    ),
    "error.backup_impossible.hint": (
        "Make room for one more copy of the database, or correct the folder's permissions, then start again.",
        "데이터베이스를 한 벌 더 둘 공간을 확보하거나 폴더 권한을 고친 뒤 다시 시작해 주세요.",
    ),
    # Maintenance and devices.
    "error.until_passed.message": (
        "The expected end of the maintenance has passed already.",
        "점검이 끝날 예정 시각이 이미 지났습니다.",
    ),
    "error.until_passed.hint": (
        "Name a later time, or none.",
        "더 늦은 시각을 지정하거나 비워 두세요.",
    ),
    "error.device_unknown.message": (
        "There is no device {given} in the pool.",
        "풀에 {given} 장치가 없습니다.",
    ),
    "error.device_unknown.hint": (
        "`madang devices` lists them: {known}",
        "`madang devices`로 목록을 볼 수 있습니다: {known}",
    ),
    "error.device_not_out.message": (
        "The device {given} is not out of the pool.",
        "{given} 장치는 풀에서 빠져 있지 않습니다.",
    ),
    "error.device_not_out.hint": (
        "These are out: {known}",
        "빠져 있는 장치: {known}",
    ),
    "queue_trouble.edited": (
        "Somebody changed {target} by hand, and it stays so: the quota may differ from what Madang says.",
        "누군가 {target}을(를) 직접 고쳤고, 그대로 두었습니다. 할당량이 마당에 적힌 것과 다를 수 있습니다.",
    ),
    "queue_trouble.edited.next": (
        "Change the project's quota in Madang instead, and set the field named below back by kubectl edit: from then on Madang keeps it again. Don't delete a queue in use: it admits nobody until all that runs has ended.",
        "할당량은 마당에서 프로젝트로 바꾸고, 아래 필드는 kubectl edit로 되돌려 주세요. 그때부터 다시 마당이 관리합니다. 쓰고 있는 큐는 지우지 마세요. 실행 중인 것이 모두 끝날 때까지 새로 배정하지 않습니다.",
    ),
    "queue_trouble.refused": (
        "The cluster does not take {target}, so what needs it waits. It is tried again and again.",
        "클러스터가 {target}을(를) 받지 않아 여기에 달린 요청이 기다립니다. 계속 다시 시도합니다.",
    ),
    "queue_trouble.refused.next": (
        "See below what it said, and whether Kueue runs: madang doctor --cluster.",
        "클러스터의 답은 아래에 있습니다. Kueue가 실행 중인지도 확인해 주세요: madang doctor --cluster.",
    ),
    "maintenance.notice": (
        "Nothing new starts for now: {why}. What runs goes on, and who waits keeps the place.",
        "지금은 새로 시작하지 않습니다: {why}. 실행 중인 작업은 계속되고 대기 순서도 그대로입니다.",
    ),
    "maintenance.notice.until": (
        "Nothing new starts until about {until}: {why}. What runs goes on, and who waits keeps the place.",
        "{until}쯤까지 새로 시작하지 않습니다: {why}. 실행 중인 작업은 계속되고 대기 순서도 그대로입니다.",
    ),
    "cli.maintenance_none": ("Everything starts as usual.", "평소처럼 시작할 수 있습니다."),
    "cli.maintenance_off": (
        "Maintenance is over; the queue goes on.",
        "점검을 끝냈습니다. 대기열이 다시 움직입니다.",
    ),
    "cli.moment": (
        "{given} is neither a span such as 2h nor a time such as 2026-11-24 18:00.",
        "{given}은(는) 2h 같은 기간도, 2026-11-24 18:00 같은 시각도 아닙니다.",
    ),
    "cli.device_out": ("{device} is out of the pool.", "{device} 장치를 풀에서 뺐습니다."),
    "cli.device_out_later": (
        "{device} is given out no more once {lease} lets it go.",
        "{device} 장치는 {lease}이(가) 놓아주면 더는 배정되지 않습니다.",
    ),
    "cli.device_back": ("{device} is given out again.", "{device} 장치를 다시 배정합니다."),
    "device.free": ("free", "비어 있음"),
    "device.held": ("held", "사용 중"),
    "device.out": ("out", "제외됨"),
    "column.device": ("device", "장치"),
    # System users.
    "error.system_user_unknown.message": (
        "There is no account {person} on this machine.",
        "이 컴퓨터에 {person} 계정이 없습니다.",
    ),
    "error.system_user_unknown.hint": (
        "Servers run as the account of their person; ask an administrator to make one.",
        "서버는 각자의 계정으로 실행됩니다. 관리자에게 계정을 만들어 달라고 요청해 주세요.",
    ),
    "error.system_user_is_root.message": (
        "Nothing is run for {person}: that account has all rights on this machine.",
        "{person} 계정은 이 컴퓨터의 모든 권한을 가지므로 실행해 드리지 않습니다.",
    ),
    "error.system_user_is_root.hint": (
        "Log in with an ordinary account.",
        "일반 계정으로 로그인해 주세요.",
    ),
    "error.pam_needs_root.message": (
        "With --login pam each server runs as its person's account, and only root can start those.",
        "--login pam에서는 서버가 각자의 계정으로 실행되며, 이는 root만 할 수 있습니다.",
    ),
    "error.pam_needs_root.hint": (
        "Start it as root, best as a systemd service (docs/operations.md), or use --login shared.",
        "root로 시작해 주세요. systemd 서비스가 가장 좋습니다(docs/operations.md). 아니면 --login shared를 사용해 주세요.",
    ),
    "error.python_out_of_reach.message": (
        "Other accounts cannot reach {path}: {folder} is closed to them.",
        "다른 계정에서 {path}에 접근할 수 없습니다. {folder} 폴더가 닫혀 있습니다.",
    ),
    "error.python_out_of_reach.hint": (
        "Install Python and Madang where everybody may read them, such as /opt/madang.",
        "Python과 마당을 /opt/madang처럼 모두가 읽을 수 있는 곳에 설치해 주세요.",
    ),
    # TLS, and an end that leaves leases running.
    "error.tls_half.message": (
        "A certificate needs its key, and a key its certificate.",
        "인증서와 키는 함께 지정해야 합니다.",
    ),
    "error.tls_half.hint": (
        "Give both: --tls-cert FILE --tls-key FILE",
        "둘 다 지정해 주세요: --tls-cert 파일 --tls-key 파일",
    ),
    "error.tls_unusable.message": (
        "{path} cannot be used for TLS: {why}.",
        "{path}을(를) TLS에 쓸 수 없습니다: {why}.",
    ),
    "error.tls_unusable.hint": (
        "Both files are PEM; the key must belong to the first certificate and need no passphrase.",
        "두 파일 모두 PEM 형식이어야 합니다. 키는 첫 번째 인증서의 것이어야 하고 암호가 걸려 있지 않아야 합니다.",
    ),
    "error.tls_expired.message": (
        "The certificate {path} expired on {day}.",
        "인증서 {path}은(는) {day}에 만료되었습니다.",
    ),
    "error.tls_expired.hint": (
        "Get a new one from whoever issued it, put it in its place and start again.",
        "발급처에서 새로 받아 같은 자리에 두고 다시 시작해 주세요.",
    ),
    "stack.left": (
        "Proxy, hub and service have ended; servers, clusters and runs go on until the next `madang up` takes them over.",
        "프록시, 허브, 서비스를 종료했습니다. 서버와 클러스터, 실행은 계속되며 다음 `madang up`이 이어받습니다.",
    ),
    "doctor.tls.ok": (
        "The certificate {path} holds for {days} more days",
        "인증서 {path}은(는) {days}일 더 유효합니다",
    ),
    "doctor.tls.bad": (
        "The certificate {path} expires in {days} days",
        "인증서 {path}은(는) {days}일 뒤 만료됩니다",
    ),
    "doctor.tls.next": (
        "Renew it, then: madang down --keep-leases, and madang up as before.",
        "새로 발급받은 뒤 madang down --keep-leases와 madang up을 차례로 실행해 주세요.",
    ),
    "doctor.tls_file.ok": ("The certificate can be read", "인증서를 읽을 수 있습니다"),
    "doctor.tls_file.bad": (
        "The certificate {path} cannot be read: {why}",
        "인증서 {path}을(를) 읽을 수 없습니다: {why}",
    ),
    "doctor.tls_file.next": (
        "Put it back, or start without --tls-cert.",
        "제자리에 되돌려 두거나 --tls-cert 없이 시작해 주세요.",
    ),
}
