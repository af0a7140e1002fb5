"""Texts of what is started on a cluster."""

TEXTS = {
    "error.pod_setting_unreadable.message": (
        "Cannot read {name}: got '{given}', expected a whole number from 1.",
        "{name} 설정을 읽을 수 없습니다. '{given}' 대신 1 이상의 정수를 넣어야 합니다.",
    ),
    "error.pod_setting_unreadable.hint": (
        "Correct the value of the chart that sets it, and upgrade the release.",
        "이 값을 정하는 차트 설정을 고친 뒤 릴리스를 업그레이드해 주세요.",
    ),
    "error.pod_image_missing.message": (
        "Cannot start {lease}: no image is set for pods of the flavor '{flavor}'.",
        "{lease}을(를) 시작할 수 없습니다. '{flavor}' 파드에 쓸 이미지가 정해지지 않았습니다.",
    ),
    "error.pod_image_missing.hint": (
        "Set MADANG_POD_IMAGE (and MADANG_POD_GPU_IMAGE for pods with devices).",
        "MADANG_POD_IMAGE를 설정해 주세요(장치가 있는 파드는 MADANG_POD_GPU_IMAGE).",
    ),
    "error.flavor_not_on_cluster.message": (
        "Cannot start {lease}: the policy does not say how nodes offer the flavor '{flavor}'.",
        "{lease}을(를) 시작할 수 없습니다. 노드에서 '{flavor}'을(를) 어떻게 요청하는지 정책에 없습니다.",
    ),
    "error.flavor_not_on_cluster.hint": (
        "Describe it in policy.yaml under kubernetes.",
        "policy.yaml의 kubernetes 항목에 추가해 주세요.",
    ),
    "error.attempt_unnameable.message": (
        "'{lease}', attempt {attempt}, cannot be the name of anything on the cluster.",
        "'{lease}'의 {attempt}번째 시도는 클러스터에서 이름으로 쓸 수 없습니다.",
    ),
    "error.attempt_unnameable.hint": (
        "Ids of leases are made by the service; report this as a defect.",
        "임대 식별자는 서비스가 만듭니다. 결함으로 신고해 주세요.",
    ),
    "error.kubernetes_old_list.message": (
        "The API server answered with a state from before {known}; the answer is not used.",
        "API 서버가 {known} 이전의 오래된 상태를 보내와 사용하지 않았습니다.",
    ),
    "error.kubernetes_old_list.hint": (
        "It is asked again by itself. If this stays, restart the service after a restore of etcd.",
        "자동으로 다시 요청합니다. etcd를 복원한 뒤 계속되면 서비스를 다시 시작해 주세요.",
    ),
    "error.pod_name_taken.message": (
        "Cannot start {lease}: the cluster has a {kind} named '{name}' that is not Madang's.",
        "{lease}을(를) 시작할 수 없습니다. Madang의 것이 아닌 {kind} '{name}'이(가) 이미 있습니다.",
    ),
    "error.pod_name_taken.hint": (
        "Find out who made it, and delete it if nobody needs it.",
        "누가 만들었는지 확인하고, 필요하지 않으면 지워 주세요.",
    ),
}
