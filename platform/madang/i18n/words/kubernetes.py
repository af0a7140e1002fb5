"""Texts of what stands between the service and the API server of a cluster."""

TEXTS = {
    "error.queue_names_unreadable.message": (
        "'{given}' is no name that Kubernetes takes for a namespace or a queue.",
        "'{given}'은(는) 쿠버네티스가 네임스페이스나 대기열 이름으로 받지 않습니다.",
    ),
    "error.queue_names_unreadable.hint": (
        "Give namespace and prefix as policy.yaml has them, such as madang-people and madang.",
        "policy.yaml에 적힌 대로 네임스페이스와 접두어를 적어 주세요. 예: madang-people, madang",
    ),
    "error.kubernetes_unknown.message": (
        "Cannot find out how to reach the Kubernetes cluster ({given}).",
        "쿠버네티스 클러스터에 연결하는 방법을 찾지 못했습니다({given}).",
    ),
    "error.kubernetes_unknown.hint": (
        "Outside of a cluster name a kubeconfig file that can be read; inside, the pod needs its service account's token.",
        "클러스터 밖에서는 읽을 수 있는 kubeconfig 파일을 지정해 주세요. 클러스터 안에서는 파드에 서비스 어카운트 토큰이 있어야 합니다.",
    ),
    "error.kubernetes_away.message": (
        "The API server of the cluster does not answer ({given}).",
        "클러스터의 API 서버가 응답하지 않습니다({given}).",
    ),
    "error.kubernetes_away.hint": (
        "What runs goes on, and it is asked again by itself. If it stays away, look at the control plane.",
        "실행 중인 작업은 계속되며 자동으로 다시 요청합니다. 오래 계속되면 컨트롤 플레인을 확인해 주세요.",
    ),
    "error.kubernetes_busy.message": (
        "The API server of the cluster cannot answer now ({status}: {said}).",
        "클러스터의 API 서버가 지금은 요청을 처리하지 못합니다({status}: {said}).",
    ),
    "error.kubernetes_busy.hint": (
        "It is asked again by itself. If Kueue is named here, see whether its controller runs.",
        "자동으로 다시 요청합니다. Kueue가 언급되면 Kueue 컨트롤러가 실행 중인지 확인해 주세요.",
    ),
    "error.kubernetes_forbidden.message": (
        "The cluster does not let Madang do {method} {path}: {said}",
        "클러스터가 Madang의 {method} {path} 요청을 허용하지 않습니다: {said}",
    ),
    "error.kubernetes_forbidden.hint": (
        "Give the service account the right that is named; madang doctor --cluster lists all that are missing.",
        "언급된 권한을 서비스 어카운트에 부여해 주세요. 빠진 권한은 madang doctor --cluster로 모두 볼 수 있습니다.",
    ),
    "error.kubernetes_no_such.message": (
        "There is no {path} on the cluster: {said}",
        "클러스터에 {path}이(가) 없습니다: {said}",
    ),
    "error.kubernetes_no_such.hint": (
        "If this names a kind of Kueue, install Kueue 0.18 or newer; madang doctor --cluster says what is missing.",
        "Kueue의 종류가 언급되면 Kueue 0.18 이상을 설치해 주세요. 무엇이 빠졌는지는 madang doctor --cluster가 알려 줍니다.",
    ),
    "error.kubernetes_conflict.message": (
        "The cluster has another state than expected for {path}: {said}",
        "{path}의 상태가 예상과 다릅니다: {said}",
    ),
    "error.kubernetes_conflict.hint": (
        "It is looked at again by itself. What somebody changed by hand stays; put it into policy.yaml instead.",
        "자동으로 다시 확인합니다. 직접 수정하신 내용은 그대로 두니, policy.yaml에 반영해 주세요.",
    ),
    "error.kubernetes_refused.message": (
        "The cluster does not take {method} {path} ({status}): {said}",
        "클러스터가 {method} {path} 요청을 받아들이지 않았습니다({status}): {said}",
    ),
    "error.kubernetes_refused.hint": (
        "Correct what is named in policy.yaml or in the chart's values; it is tried again by itself.",
        "policy.yaml이나 차트 설정에서 언급된 부분을 고쳐 주세요. 자동으로 다시 시도합니다.",
    ),
    "error.environments_not_offered.message": (
        "Environments of one's own cannot be built here: servers and runs have the packages of their image.",
        "이곳에서는 나만의 환경을 만들 수 없습니다. 서버와 실행은 이미지에 담긴 패키지를 사용합니다.",
    ),
    "error.environments_not_offered.hint": (
        "Ask the administrator for an image with what you need, or install it in a cell: %pip install NAME",
        "필요한 패키지가 담긴 이미지를 관리자에게 요청하시거나, 셀에서 %pip install 이름 으로 설치해 주세요.",
    ),
    "error.prometheus_unusable.message": (
        "Cannot ask Prometheus at {given}: an address begins with http:// or https:// and holds no login.",
        "Prometheus 주소 {given}을(를) 사용할 수 없습니다. http:// 또는 https://로 시작하고 로그인 정보가 없어야 합니다.",
    ),
    "error.prometheus_unusable.hint": (
        "Correct MADANG_PROMETHEUS_URL, or leave it out: devices are then shown as unmetered.",
        "MADANG_PROMETHEUS_URL을 고치거나 빼 주세요. 빼면 장치 사용률이 측정되지 않음으로 표시됩니다.",
    ),
}
