"""What is wrong with `kubernetes:` in policy.yaml."""

TEXTS = {
    "error.kubernetes_name.message": (
        "Cannot use '{given}' as a name in {where} of policy.yaml: a cluster takes at most {limit} of a-z, 0-9 and '-', with a letter or digit first and last.",
        "policy.yaml의 {where}에 있는 '{given}'은(는) 클러스터에서 쓸 수 없는 이름입니다. a-z, 0-9, '-'로 {limit}자까지이고, 처음과 끝은 글자나 숫자여야 합니다.",
    ),
    "error.kubernetes_name.hint": (
        "Choose a short name in lower case; a flavor's may have dots too, such as h200-mig-1g.18gb.",
        "짧은 소문자 이름을 골라 주세요. 종류(flavor) 이름에는 h200-mig-1g.18gb처럼 점도 쓸 수 있습니다.",
    ),
    "error.kubernetes_namespace.message": (
        "Cannot let people run in the namespace '{given}' (kubernetes.namespace in policy.yaml): it belongs to the cluster itself, and what protects people from each other cannot be switched on there.",
        "'{given}' 네임스페이스에서는 사람들의 작업을 돌릴 수 없습니다(policy.yaml의 kubernetes.namespace). 클러스터 자신의 것이라 서로를 막아 주는 장치를 켤 수 없습니다.",
    ),
    "error.kubernetes_namespace.hint": (
        "Give a namespace of its own, such as madang-people.",
        "madang-people처럼 따로 쓰는 네임스페이스를 적어 주세요.",
    ),
    "error.kubernetes_resource.message": (
        "Cannot ask for '{given}' in {where} of policy.yaml: a device's resource has the vendor's domain, a slash and a name, such as nvidia.com/gpu.",
        "policy.yaml의 {where}에 있는 '{given}'은(는) 장치 자원의 이름이 아닙니다. nvidia.com/gpu처럼 제조사 도메인, 빗금, 이름으로 적습니다.",
    ),
    "error.kubernetes_resource.hint": (
        "See what the nodes offer: kubectl describe nodes (Allocatable). `cpu`, which has none, needs no entry.",
        "노드가 내놓는 자원은 kubectl describe nodes의 Allocatable에 있습니다. 장치가 없는 `cpu`는 적지 않아도 됩니다.",
    ),
    "error.kubernetes_cpu_is_there.message": (
        "Cannot define {where} in policy.yaml: `cpu` stands for no device at all and is always there.",
        "policy.yaml에서 {where}을(를) 정할 수 없습니다. `cpu`는 장치가 없다는 뜻이고 언제나 있습니다.",
    ),
    "error.kubernetes_cpu_is_there.hint": (
        "Remove it. To keep what needs no device away from nodes with GPUs, taint those nodes and give their flavors the toleration.",
        "지워 주세요. 장치가 필요 없는 작업을 GPU 노드에서 떼어 놓으려면 그 노드에 taint를 걸고 해당 종류에 toleration을 적으면 됩니다.",
    ),
    "error.kubernetes_preset.message": (
        "Unknown preset '{given}' in {where} of policy.yaml. The nearest is '{nearest}'; known, nearest first: {known}.",
        "policy.yaml의 {where}에 모르는 preset '{given}'이(가) 있습니다. 가장 가까운 것은 '{nearest}'입니다. 쓸 수 있는 것(가까운 순): {known}.",
    ),
    "error.kubernetes_preset.hint": (
        "Take a known one, or write `resource` and `memory_gib` yourself.",
        "있는 것을 고르거나 `resource`와 `memory_gib`를 직접 적어 주세요.",
    ),
    "error.kubernetes_preset_resource.message": (
        "{where} of policy.yaml contradicts itself: the preset '{preset}' is {resource}, and `resource` says '{given}'.",
        "policy.yaml의 {where}가 서로 맞지 않습니다. preset '{preset}'은(는) {resource}인데 `resource`에는 '{given}'이(가) 적혀 있습니다.",
    ),
    "error.kubernetes_preset_resource.hint": (
        "Leave one of the two out.",
        "둘 가운데 하나를 지워 주세요.",
    ),
    "error.kubernetes_label.message": (
        "Cannot use the label '{given}' in {where} of policy.yaml: a key is a name of at most 63 characters, with or without a domain before it, and a value is a text of at most 63.",
        "policy.yaml의 {where}에 있는 라벨 '{given}'을(를) 쓸 수 없습니다. 키는 63자까지의 이름(앞에 도메인 가능)이고 값은 63자까지의 문자열입니다.",
    ),
    "error.kubernetes_label.hint": (
        'Put values such as true or 1 in quotes ("true"); copy the rest from: kubectl get nodes --show-labels.',
        '값이 true나 1이면 따옴표로 감싸 주세요("true"). 나머지는 kubectl get nodes --show-labels에서 그대로 옮겨 적으세요.',
    ),
    "error.kubernetes_toleration.message": (
        "Cannot use the toleration {given} in {where} of policy.yaml: it needs a `key`, an `operator` of Equal or Exists (Exists without `value`), texts as values, and as `effect` NoSchedule, PreferNoSchedule, NoExecute or nothing.",
        "policy.yaml의 {where}에 있는 toleration {given}을(를) 쓸 수 없습니다. `key`가 있어야 하고 `operator`는 Equal 또는 Exists(`value` 없이), 값은 문자열, `effect`는 NoSchedule, PreferNoSchedule, NoExecute이거나 없어야 합니다.",
    ),
    "error.kubernetes_toleration.hint": (
        "Write a list such as: - {{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}}. Taints of the nodes: kubectl describe nodes.",
        "이렇게 목록으로 적어 주세요: - {{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}}. 노드의 taint는 kubectl describe nodes로 볼 수 있습니다.",
    ),
    "error.kubernetes_number.message": (
        "Cannot use '{given}' for {where} in policy.yaml: it must be a number from 0 to {limit}, and whole where devices are counted.",
        "policy.yaml의 {where}에 '{given}'을(를) 쓸 수 없습니다. 0부터 {limit}까지의 수여야 하고, 장치 수는 정수여야 합니다.",
    ),
    "error.kubernetes_number.hint": (
        "Correct the number; leave `devices` out to give away what the nodes offer.",
        "수를 고쳐 주세요. `devices`를 지우면 노드가 내놓는 만큼 씁니다.",
    ),
    "error.kubernetes_sharing.message": (
        "Unknown kind of sharing '{given}' in {where} of policy.yaml. Known: {known}.",
        "policy.yaml의 {where}에 모르는 나눠 쓰기 방식 '{given}'이(가) 있습니다. 쓸 수 있는 것: {known}.",
    ),
    "error.kubernetes_sharing.hint": (
        "Correct it, or leave `sharing` out: whole GPUs and MIG slices need none.",
        "고치거나 `sharing`을 지워 주세요. GPU 전체와 MIG 조각에는 필요 없습니다.",
    ),
    "error.kubernetes_shared_by_all.message": (
        "Cannot offer {given} to everybody ({where} in policy.yaml): nothing keeps the memory of one program on such a device from the others, so it is only for people of one project, who know that they share it.",
        "policy.yaml의 {where}에 있는 {given}은(는) 모두에게 열 수 없습니다. 이렇게 나눈 장치에서는 프로그램끼리 메모리가 분리되지 않으므로, 함께 쓰는 줄 아는 한 프로젝트 사람들만 쓸 수 있습니다.",
    ),
    "error.kubernetes_shared_by_all.hint": (
        "Add `project: NAME`, or take MIG slices, whose memory is kept apart by the device.",
        "`project: 이름`을 적거나, 장치가 메모리를 분리해 주는 MIG 조각을 쓰세요.",
    ),
    "error.kubernetes_mps_on_mig.message": (
        "Cannot share {given} by MPS ({where} in policy.yaml): the device plugin offers MPS on whole GPUs only.",
        "policy.yaml의 {where}에서 {given}을(를) MPS로 나눌 수 없습니다. 장치 플러그인은 GPU 전체에서만 MPS를 지원합니다.",
    ),
    "error.kubernetes_mps_on_mig.hint": (
        "Take time-slicing there, smaller MIG slices, or whole GPUs for MPS.",
        "거기에는 time-slicing이나 더 작은 MIG 조각을 쓰고, MPS는 GPU 전체에 쓰세요.",
    ),
    "error.kubernetes_flavors_alike.message": (
        "Cannot tell the flavors '{given}' and '{other}' in policy.yaml apart: both are {resource}, and every node of '{other}' also has the labels of '{given}' ({labels}). Its devices would be given away twice.",
        "policy.yaml의 종류 '{given}'와(과) '{other}'을(를) 구분할 수 없습니다. 둘 다 {resource}이고 '{other}'의 노드는 모두 '{given}'의 라벨({labels})도 가집니다. 같은 장치를 두 번 내주게 됩니다.",
    ),
    "error.kubernetes_flavors_alike.hint": (
        "Give both a value of the same label, such as nvidia.com/gpu.product, or remove one.",
        "nvidia.com/gpu.product처럼 같은 라벨에 서로 다른 값을 주거나 하나를 지워 주세요.",
    ),
}
