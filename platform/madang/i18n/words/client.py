"""Texts of the client that people import: finding the service, clusters, runs, usage."""

TEXTS = {
    "error.service_unknown.message": (
        "Cannot find Madang: neither the environment nor {path} says where it is.",
        "마당을 찾을 수 없습니다. 환경 변수에도 {path}에도 주소가 없습니다.",
    ),
    "error.service_unknown.hint": (
        "Start it with `madang up`, or set MADANG_URL and MADANG_TOKEN.",
        "`madang up`으로 시작하거나 MADANG_URL과 MADANG_TOKEN을 정해 주세요.",
    ),
    "error.service_unreachable.message": (
        "Madang does not answer at {url}.",
        "{url}에서 마당이 응답하지 않습니다.",
    ),
    "error.service_unreachable.hint": (
        "Look at `madang status`, and try again in a moment; what runs goes on.",
        "`madang status`로 상태를 확인하고 잠시 뒤 다시 해 주세요. 돌고 있는 작업은 계속됩니다.",
    ),
    "error.service_answer_strange.message": (
        "The answer from {url} (status {given}) is not Madang's.",
        "{url}에서 받은 응답(상태 {given})은 마당의 응답이 아닙니다.",
    ),
    "error.service_answer_strange.hint": (
        "Check MADANG_URL; a proxy on the way may answer in its place.",
        "MADANG_URL을 확인해 주세요. 중간의 프록시가 대신 답했을 수 있습니다.",
    ),
    "error.token_file_open.message": (
        "The file {path} holds a token and may be read by others.",
        "{path} 파일에 토큰이 있는데 다른 사용자도 읽을 수 있게 되어 있습니다.",
    ),
    "error.token_file_open.hint": (
        "Close it with: chmod 600 {path}",
        "chmod 600 {path} 으로 막아 주세요.",
    ),
    "error.token_file_unreadable.message": (
        "The file {path} cannot be read as address and token.",
        "{path} 파일에서 주소와 토큰을 읽을 수 없습니다.",
    ),
    "error.token_file_unreadable.hint": (
        "Start `madang up` again, it writes the file anew.",
        "`madang up`을 다시 시작하면 파일이 새로 만들어집니다.",
    ),
    "error.cluster_ended.message": (
        "The cluster '{name}' has ended: {reason}",
        "클러스터 '{name}'이(가) 끝났습니다: {reason}",
    ),
    "error.cluster_ended.hint": (
        "Ask for a new one with madang.Cluster(…).",
        "madang.Cluster(…)로 새로 신청해 주세요.",
    ),
    "error.cluster_still_waiting.message": (
        "The cluster '{name}' is not ready after {waited_s} s; it keeps its place in the queue.",
        "클러스터 '{name}'이(가) {waited_s}초 안에 준비되지 않았습니다. 대기 순서는 그대로입니다.",
    ),
    "error.cluster_still_waiting.hint": (
        "Call cluster.wait() to go on waiting, or cluster.close() to give up the place.",
        "cluster.wait()로 계속 기다리거나, cluster.close()로 대기를 취소해 주세요.",
    ),
    "error.cluster_asynchronous.message": (
        "This cluster was made with asynchronous=True and has not been awaited yet.",
        "asynchronous=True로 만든 클러스터를 아직 await하지 않았습니다.",
    ),
    "error.cluster_asynchronous.hint": (
        "Write `async with madang.Cluster(asynchronous=True) as cluster:`.",
        "`async with madang.Cluster(asynchronous=True) as cluster:`처럼 써 주세요.",
    ),
    "error.input_missing.message": ("There is no file {path}", "{path} 파일이 없습니다."),
    "error.input_missing.hint": (
        "Check the name; without a leading / it is looked for from {folder}",
        "이름을 확인해 주세요. /로 시작하지 않으면 {folder}에서 찾습니다.",
    ),
    "error.input_not_file.message": (
        "Cannot read {path}: it is a folder, a pipe or a device, and a plain file is expected.",
        "{path}을(를) 읽을 수 없습니다. 폴더, 파이프, 장치가 아닌 보통 파일이어야 합니다.",
    ),
    "error.input_not_file.hint": (
        "Save what it gives into a file first.",
        "내용을 먼저 파일로 저장해 주세요.",
    ),
    "error.input_unreadable.message": (
        "Cannot read {path}: {given}",
        "{path}을(를) 읽을 수 없습니다: {given}",
    ),
    "error.input_unreadable.hint": (
        "Check the path and that you may read the file.",
        "경로와 읽기 권한을 확인해 주세요.",
    ),
    "error.run_still_going.message": (
        "The run '{name}' is not finished after {waited_s} s; it goes on.",
        "실행 '{name}'이(가) {waited_s}초 안에 끝나지 않았습니다. 실행은 계속됩니다.",
    ),
    "error.run_still_going.hint": (
        "Call run.wait() again, or run.cancel().",
        "run.wait()로 다시 기다리거나 run.cancel()로 취소해 주세요.",
    ),
    "error.run_not_succeeded.message": (
        "The run '{name}' ended as {state}: {given}",
        "실행 '{name}'이(가) 성공하지 못하고 {state} 상태로 끝났습니다: {given}",
    ),
    "error.run_not_succeeded.hint": (
        "See run.log(), and the cells in run.output().",
        "run.log()와 run.output()의 셀을 살펴봐 주세요.",
    ),
    "client.waiting": (
        "Waiting for GPUs: place {position} of {waiting}",
        "GPU를 기다리는 중: {waiting}명 중 {position}번째",
    ),
    "client.expected": (
        "expected start {expected} ({earliest} to {latest})",
        "예상 시작 {expected} ({earliest}~{latest})",
    ),
    "client.expected_unknown": (
        "expected start not known yet",
        "예상 시작 시각은 아직 알 수 없습니다",
    ),
    "client.starting": ("Starting the cluster …", "클러스터를 시작하는 중 …"),
    "client.ready": ("Ready", "준비되었습니다"),
    "client.ended": ("Ended", "끝났습니다"),
    "client.unknown": ("unknown", "알 수 없음"),
    "cluster.workers": (
        "{here} of {asked} workers are here",
        "워커 {asked}개 중 {here}개 연결됨",
    ),
    "cluster.waiting": ("{count} waiting for devices", "{count}개는 장치를 기다리는 중"),
    "cluster.adapting": (
        "adapting between {minimum} and {maximum}",
        "{minimum}~{maximum}개로 자동 조절 중",
    ),
    "cluster.label.workers": ("Workers", "워커"),
    "cluster.label.minimum": ("At least", "최소"),
    "cluster.label.maximum": ("At most", "최대"),
    "cluster.button.scale": ("Scale", "개수 조절"),
    "cluster.button.adapt": ("Adapt", "자동 조절"),
    "cluster.button.close": ("Close", "닫기"),
    "usage.project": ("project", "프로젝트"),
    "usage.granted": ("granted", "받은 크레딧"),
    "usage.used": ("used", "쓴 크레딧"),
    "usage.reserved": ("reserved", "잡아 둔 크레딧"),
    "usage.left": ("left", "남은 크레딧"),
    "usage.held": ("held GPU-h", "점유 GPU·시간"),
    "usage.metered": ("busy GPU-h", "실사용 GPU·시간"),
    "usage.seal": ("ledger entry {seq}, hash {hash}", "원장 {seq}번째 항목, 해시 {hash}"),
}
