"""What `madang doctor --cluster` finds: what it is, why it matters, and the next step."""

TEXTS = {
    "doctor.cluster_silent.ok": ("The cluster answers", "클러스터가 응답합니다"),
    "doctor.cluster_silent.bad": (
        "The cluster does not answer: {why}",
        "클러스터가 응답하지 않습니다: {why}",
    ),
    "doctor.cluster_silent.why": (
        "Nothing on it can be started, told or ended until it does.",
        "응답할 때까지 아무것도 시작하거나 보거나 끝낼 수 없습니다.",
    ),
    "doctor.cluster_silent.next": (
        "Try: kubectl version. Outside of the cluster give --kubeconfig FILE (or KUBECONFIG) of somebody who may look.",
        "kubectl version 으로 확인해 주세요. 클러스터 밖에서는 볼 권한이 있는 사람의 --kubeconfig 파일(또는 KUBECONFIG)을 주세요.",
    ),
    "doctor.database.ok": ("The database lets Madang in", "데이터베이스에 연결할 수 있습니다"),
    "doctor.database.bad": (
        "The database does not answer (reason: {reason})",
        "데이터베이스를 쓸 수 없습니다(원인: {reason})",
    ),
    "doctor.database.why": (
        "All rows are in it: nobody can ask for anything until it answers.",
        "모든 기록이 여기 있어, 응답할 때까지 아무도 무엇도 신청할 수 없습니다.",
    ),
    "doctor.database.next": (
        "See that its server runs, and that network.database of the chart's values has its address and port.",
        "데이터베이스 서버가 실행 중인지, 차트 값 network.database에 그 주소와 포트가 있는지 확인해 주세요.",
    ),
    "doctor.database_password.bad": (
        "The database answers and refuses the password of Madang",
        "데이터베이스가 마당의 비밀번호를 받아 주지 않습니다",
    ),
    "doctor.database_password.why": (
        "All rows are in it: nobody can ask for anything until it lets Madang in.",
        "모든 기록이 여기 있어, 받아 줄 때까지 아무도 무엇도 신청할 수 없습니다.",
    ),
    "doctor.database_password.next": (
        "Put the old password back into the Secret and restart the service, or set this one in the "
        "database: ALTER USER madang PASSWORD '...'. See install-kubernetes.md, If the Secret is gone.",
        "예전 비밀번호를 Secret에 되돌려 놓고 서비스를 다시 시작하거나, 데이터베이스에 지금 비밀번호를 알려 주세요: "
        "ALTER USER madang PASSWORD '...'. install-kubernetes.md의 'If the Secret is gone'에 순서가 있습니다.",
    ),
    "doctor.cluster_hidden.ok": ("Everything could be looked at", "모든 것을 볼 수 있었습니다"),
    "doctor.cluster_hidden.bad": (
        "Not looked at, because the asker may not: {kinds}",
        "권한이 없어 확인하지 못했습니다: {kinds}",
    ),
    "doctor.cluster_hidden.why": (
        "Of these it is not known whether they are in order.",
        "이것들이 제대로 되어 있는지 알 수 없습니다.",
    ),
    "doctor.cluster_hidden.next": (
        "Run this once as an administrator of the cluster: madang doctor --cluster --kubeconfig FILE",
        "클러스터 관리자로 한 번 실행해 주세요: madang doctor --cluster --kubeconfig 파일",
    ),
    "doctor.cluster_part_silent.ok": ("{kind} could be read", "{kind}을(를) 읽을 수 있습니다"),
    "doctor.cluster_part_silent.bad": (
        "{kind} could not be read: {why}",
        "{kind}을(를) 읽지 못했습니다: {why}",
    ),
    "doctor.cluster_part_silent.why": (
        "It is not known whether this part is in order.",
        "이 부분이 제대로 되어 있는지 알 수 없습니다.",
    ),
    "doctor.cluster_part_silent.next": (
        "Run this again; if it stays, look at the API server's log.",
        "다시 실행해 보고, 계속되면 API 서버의 로그를 확인해 주세요.",
    ),
    "doctor.kubernetes_old.ok": ("Kubernetes {version}", "Kubernetes {version}"),
    "doctor.kubernetes_old.bad": (
        "Kubernetes {version} is older than {least}",
        "Kubernetes {version}은(는) {least}보다 오래되었습니다",
    ),
    "doctor.kubernetes_old.why": (
        "Job pods that a node loses would not be told from programs that failed, and Kueue does not support it.",
        "노드 문제로 사라진 작업과 스스로 실패한 작업을 구분할 수 없고, Kueue도 지원하지 않습니다.",
    ),
    "doctor.kubernetes_old.next": (
        "Upgrade the cluster to {least} or newer.",
        "클러스터를 {least} 이상으로 올려 주세요.",
    ),
    "doctor.kubernetes.ok": ("Kubernetes {version}", "Kubernetes {version}"),
    "doctor.kubernetes.bad": (
        "Kubernetes {version} is newer than what Madang was tried on ({newest})",
        "Kubernetes {version}은(는) 마당이 시험된 버전({newest})보다 새것입니다",
    ),
    "doctor.kubernetes.why": (
        "What changed in between may change what our objects mean.",
        "그사이 바뀐 것 때문에 저희가 만드는 객체의 뜻이 달라질 수 있습니다.",
    ),
    "doctor.kubernetes.next": (
        "Look whether a newer release of Madang names it, and run helm test after the upgrade.",
        "이 버전을 지원하는 새 마당이 있는지 보고, 업그레이드 뒤 helm test를 돌려 주세요.",
    ),
    "doctor.kueue.ok": ("Kueue serves {api}", "Kueue가 {api}을(를) 제공합니다"),
    "doctor.kueue.bad": (
        "Kueue is not installed: nobody serves {group}",
        "Kueue가 설치되어 있지 않습니다: {group}을(를) 제공하는 곳이 없습니다",
    ),
    "doctor.kueue.why": (
        "Kueue decides who gets devices; without it no lease is ever admitted.",
        "누가 장치를 쓸지는 Kueue가 정합니다. 없으면 아무도 시작할 수 없습니다.",
    ),
    "doctor.kueue.next": (
        "Install Kueue {least} or newer (kueue.sigs.k8s.io, Installation) and run this again.",
        "Kueue {least} 이상을 설치하고(kueue.sigs.k8s.io의 Installation) 다시 실행해 주세요.",
    ),
    "doctor.kueue_api.ok": ("Kueue serves {api}", "Kueue가 {api}을(를) 제공합니다"),
    "doctor.kueue_api.bad": (
        "Kueue is too old: {group} is served as {served}, and not as {api}",
        "Kueue가 너무 오래되었습니다: {group}이(가) {served}(으)로만 제공되고 {api}이(가) 없습니다",
    ),
    "doctor.kueue_api.why": (
        "Madang speaks {api} only; no lease can be filed.",
        "마당은 {api}만 쓰므로 요청을 넣을 수 없습니다.",
    ),
    "doctor.kueue_api.next": (
        "Upgrade Kueue to {least} or newer. What runs goes on meanwhile; its CRDs belong to the upgrade.",
        "Kueue를 {least} 이상으로 올려 주세요. CRD도 함께 올려야 하며, 실행 중인 작업은 계속됩니다.",
    ),
    "doctor.kueue_kinds.ok": (
        "All {count} kinds of Kueue are there",
        "Kueue의 CRD가 모두 있습니다({count}개)",
    ),
    "doctor.kueue_kinds.bad": (
        "Kueue's CRDs are not complete: missing {missing}",
        "Kueue의 CRD가 빠져 있습니다: {missing}",
    ),
    "doctor.kueue_kinds.why": (
        "Kueue itself does not start without them, and leases wait for ever.",
        "없으면 Kueue 자신도 시작하지 못하고, 요청은 계속 기다립니다.",
    ),
    "doctor.kueue_kinds.next": (
        "Apply the CRDs of the very version of Kueue that runs, then restart its controller.",
        "돌고 있는 Kueue와 같은 버전의 CRD를 적용하고 컨트롤러를 다시 시작해 주세요.",
    ),
    "doctor.kueue_unseen.ok": ("Kueue's controller is known", "Kueue 컨트롤러를 찾았습니다"),
    "doctor.kueue_unseen.bad": (
        "Kueue's version and settings are not known: no Deployment has the label app.kubernetes.io/name=kueue",
        "Kueue의 버전과 설정을 알 수 없습니다: app.kubernetes.io/name=kueue 라벨이 있는 Deployment가 없습니다",
    ),
    "doctor.kueue_unseen.why": (
        "What its settings do to leases cannot be checked.",
        "설정이 요청에 어떤 영향을 주는지 확인할 수 없습니다.",
    ),
    "doctor.kueue_unseen.next": (
        "If it runs elsewhere, make sure yourself that it is {least} or newer.",
        "다른 곳에서 돌고 있다면 {least} 이상인지 직접 확인해 주세요.",
    ),
    "doctor.kueue_version.ok": ("Kueue {version} ({where})", "Kueue {version} ({where})"),
    "doctor.kueue_version.bad": (
        "Kueue {version} ({where}) is older than {least}",
        "Kueue {version}({where})은(는) {least}보다 오래되었습니다",
    ),
    "doctor.kueue_version.why": (
        "Madang asks devices back and releases them in a way that older ones were not tried with.",
        "장치를 되찾고 돌려주는 방식이 더 오래된 버전에서는 시험되지 않았습니다.",
    ),
    "doctor.kueue_version.next": (
        "Upgrade Kueue to {least} or newer; what runs goes on meanwhile.",
        "Kueue를 {least} 이상으로 올려 주세요. 실행 중인 작업은 계속됩니다.",
    ),
    "doctor.kueue_running.ok": (
        "Kueue's controller runs ({where})",
        "Kueue 컨트롤러가 돌고 있습니다({where})",
    ),
    "doctor.kueue_running.bad": (
        "No replica of Kueue's controller is available ({where})",
        "사용할 수 있는 Kueue 컨트롤러가 하나도 없습니다({where})",
    ),
    "doctor.kueue_running.why": (
        "What runs goes on, but nobody is admitted and no new request can be filed.",
        "실행 중인 작업은 계속되지만 새로 시작하거나 요청할 수 없습니다.",
    ),
    "doctor.kueue_running.next": (
        "Look at: kubectl describe deployment and kubectl logs of {where}.",
        "{where}의 kubectl describe deployment와 kubectl logs를 확인해 주세요.",
    ),
    "doctor.kueue_alone.ok": ("Kueue has a second replica", "Kueue에 예비 복제본이 있습니다"),
    "doctor.kueue_alone.bad": (
        "Kueue has one replica ({where}): while it restarts, nobody is admitted",
        "Kueue 복제본이 하나입니다({where}). 다시 시작하는 동안 아무도 시작할 수 없습니다",
    ),
    "doctor.kueue_alone.why": (
        "A restart or a lost node stops the queue, and new requests fail meanwhile.",
        "다시 시작하거나 노드를 잃으면 대기열이 멈추고 새 요청이 실패합니다.",
    ),
    "doctor.kueue_alone.next": (
        "Give its Deployment two replicas.",
        "Deployment의 replicas를 2로 늘려 주세요.",
    ),
    "doctor.visibility.ok": (
        "Kueue tells positions in the queue",
        "Kueue가 대기 순서를 알려 줍니다",
    ),
    "doctor.visibility.bad": (
        "Kueue's visibility API is not served: people who wait see no position",
        "Kueue의 visibility API가 없습니다: 기다리는 사람에게 순서를 보여 줄 수 없습니다",
    ),
    "doctor.visibility.why": (
        "Their place is what people ask for first.",
        "기다리는 사람이 가장 먼저 묻는 것이 순서입니다.",
    ),
    "doctor.visibility.next": (
        "Apply visibility-apf.yaml and the APIServices v1beta2.visibility.kueue.x-k8s.io of your version of Kueue.",
        "쓰고 있는 Kueue 버전의 visibility-apf.yaml과 APIService(v1beta2.visibility.kueue.x-k8s.io)를 적용해 주세요.",
    ),
    "doctor.visibility_silent.ok": ("The visibility API answers", "visibility API가 응답합니다"),
    "doctor.visibility_silent.bad": (
        "Kueue's visibility API does not answer ({why}); most often Kueue itself is down",
        "Kueue의 visibility API가 응답하지 않습니다({why}). 대개 Kueue가 멈춰 있습니다",
    ),
    "doctor.visibility_silent.why": (
        "Nobody is admitted while Kueue is down.",
        "Kueue가 멈춘 동안에는 아무도 시작할 수 없습니다.",
    ),
    "doctor.visibility_silent.next": (
        "Look at: kubectl get apiservice v1beta2.visibility.kueue.x-k8s.io -o yaml, and at the log of Kueue's controller.",
        "kubectl get apiservice v1beta2.visibility.kueue.x-k8s.io -o yaml 과 Kueue 컨트롤러의 로그를 확인해 주세요.",
    ),
    "doctor.kueue_waits.ok": ("Kueue does not wait for pods", "Kueue가 파드를 기다리지 않습니다"),
    "doctor.kueue_waits.bad": (
        "Kueue is set to waitForPodsReady: a lease whose pods are not ready after {timeout} is taken back",
        "Kueue가 waitForPodsReady로 설정되어 있습니다: {timeout} 안에 파드가 준비되지 않으면 도로 가져갑니다",
    ),
    "doctor.kueue_waits.why": (
        "Madang says when they are ready, but pulling a large image may take longer than that.",
        "마당이 준비되었다고 알려 주지만 큰 이미지를 받는 데 더 오래 걸릴 수 있습니다.",
    ),
    "doctor.kueue_waits.next": (
        "Give it a timeout of 15m or more and no blockAdmission, or leave waitForPodsReady out.",
        "timeout을 15m 이상으로 하고 blockAdmission을 끄거나, waitForPodsReady를 지워 주세요.",
    ),
    "doctor.kueue_members.ok": (
        "Kueue counts what members of a project used",
        "Kueue가 프로젝트 구성원의 사용량을 셉니다",
    ),
    "doctor.kueue_members.bad": (
        "Kueue does not look at what members of a project used before",
        "Kueue가 프로젝트 구성원의 지난 사용량을 보지 않습니다",
    ),
    "doctor.kueue_members.why": (
        "Madang keeps the order itself; only where a queue has less than Madang knows of, Kueue takes the earlier request first.",
        "순서는 마당이 정합니다. 다만 마당이 아는 것보다 자원이 적은 대기열에서는 Kueue가 먼저 온 요청부터 받습니다.",
    ),
    "doctor.kueue_members.next": (
        "Add to Kueue's configuration, with the half-life of your policy: admissionFairSharing: {{usageHalfLifeTime: 168h, usageSamplingInterval: 5m}}",
        "정책의 반감기에 맞춰 Kueue 설정에 추가해 주세요: admissionFairSharing: {{usageHalfLifeTime: 168h, usageSamplingInterval: 5m}}",
    ),
    "doctor.kueue_takes_all.ok": (
        "Kueue leaves our pods alone",
        "Kueue가 마당의 파드를 건드리지 않습니다",
    ),
    "doctor.kueue_takes_all.bad": (
        "Kueue is set to manageJobsWithoutQueueName in {namespace} too: it would hold back what it has already admitted",
        "Kueue의 manageJobsWithoutQueueName이 {namespace}에도 적용됩니다: 이미 허락한 작업을 다시 막게 됩니다",
    ),
    "doctor.kueue_takes_all.why": (
        "Leases would be charged while their pods are held back for ever.",
        "파드가 계속 막혀 있는데 요금은 계산됩니다.",
    ),
    "doctor.kueue_takes_all.next": (
        "Exclude it in Kueue's managedJobsNamespaceSelector: {{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, kueue-system, {namespace}]}}",
        "Kueue의 managedJobsNamespaceSelector에서 빼 주세요: {{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, kueue-system, {namespace}]}}",
    ),
    "doctor.flavors.ok": ("policy.yaml names flavors", "policy.yaml에 장치 종류가 있습니다"),
    "doctor.flavors.bad": (
        "policy.yaml names no kinds of devices: nobody can ask for one",
        "policy.yaml에 장치 종류가 하나도 없어 아무도 장치를 요청할 수 없습니다",
    ),
    "doctor.flavors.why": (
        "Notebooks without a device work all the same.",
        "장치가 없는 노트북은 그대로 쓸 수 있습니다.",
    ),
    "doctor.flavors.next": (
        "Write them below `kubernetes: flavors:`; hub_config/policy.yaml has an example.",
        "`kubernetes: flavors:` 아래에 적어 주세요. 예시는 hub_config/policy.yaml에 있습니다.",
    ),
    "doctor.nodes.ok": ("There are nodes", "노드가 있습니다"),
    "doctor.nodes.bad": ("The cluster has no nodes", "클러스터에 노드가 없습니다"),
    "doctor.nodes.why": (
        "There is no place to start anything.",
        "무엇이든 시작할 곳이 없습니다.",
    ),
    "doctor.nodes.next": (
        "Add nodes: kubectl get nodes",
        "노드를 추가해 주세요: kubectl get nodes",
    ),
    "doctor.flavor.ok": (
        "{flavor}: {devices} of {resource} on {nodes} nodes",
        "{flavor}: 노드 {nodes}개에 {resource} {devices}개",
    ),
    "doctor.flavor.bad": (
        "{flavor}: none of the {resource} on {nodes} nodes is in order",
        "{flavor}: 노드 {nodes}개의 {resource} 가운데 정상인 것이 없습니다",
    ),
    "doctor.flavor.why": (
        "Leases of this kind would wait for ever.",
        "이 종류의 요청은 계속 기다리게 됩니다.",
    ),
    "doctor.flavor.next": (
        "Look at the device plugin's pods on these nodes and at kubectl describe node.",
        "이 노드들의 장치 플러그인 파드와 kubectl describe node를 확인해 주세요.",
    ),
    "doctor.flavor_key.ok": ("{flavor}: its label is known", "{flavor}: 라벨이 있습니다"),
    "doctor.flavor_key.bad": (
        "{flavor}: none of {nodes} nodes has a label {label}; the nearest is {near}",
        "{flavor}: 노드 {nodes}개 가운데 {label} 라벨이 있는 것이 없습니다. 가장 가까운 라벨은 {near}입니다",
    ),
    "doctor.flavor_key.why": (
        "Leases of this kind would be admitted and find no node.",
        "이 종류의 요청은 허락되어도 갈 노드가 없습니다.",
    ),
    "doctor.flavor_key.next": (
        "Correct node_labels of {flavor} in policy.yaml, or label the nodes: kubectl label node NAME {label}=…; labels of nvidia.com come from GPU feature discovery.",
        "policy.yaml에서 {flavor}의 node_labels를 고치거나 노드에 라벨을 붙여 주세요: kubectl label node 이름 {label}=… (nvidia.com 라벨은 GPU feature discovery가 붙입니다)",
    ),
    "doctor.flavor_label.ok": ("{flavor}: its label is known", "{flavor}: 라벨이 있습니다"),
    "doctor.flavor_label.bad": (
        "{flavor}: no node has {label}={value}; the nearest is '{near}', on {count} nodes",
        "{flavor}: {label}={value}인 노드가 없습니다. 가장 가까운 값은 '{near}'이고 노드 {count}개에 있습니다",
    ),
    "doctor.flavor_label.why": (
        "Leases of this kind would be admitted and find no node.",
        "이 종류의 요청은 허락되어도 갈 노드가 없습니다.",
    ),
    "doctor.flavor_label.next": (
        "Write {label}: {near} below node_labels of {flavor} in policy.yaml, or add nodes that have {value}.",
        "policy.yaml에서 {flavor}의 node_labels에 {label}: {near} 라고 적거나 {value}인 노드를 추가해 주세요.",
    ),
    "doctor.flavor_labels.ok": ("{flavor}: its labels are known", "{flavor}: 라벨이 있습니다"),
    "doctor.flavor_labels.bad": (
        "{flavor}: each of {labels} is on some node, but no node has all of them",
        "{flavor}: {labels}이(가) 저마다 있기는 하지만 모두 가진 노드가 없습니다",
    ),
    "doctor.flavor_labels.why": (
        "Leases of this kind would be admitted and find no node.",
        "이 종류의 요청은 허락되어도 갈 노드가 없습니다.",
    ),
    "doctor.flavor_labels.next": (
        "Compare: kubectl get nodes --show-labels; then correct node_labels of {flavor} in policy.yaml.",
        "kubectl get nodes --show-labels 로 비교한 뒤 policy.yaml에서 {flavor}의 node_labels를 고쳐 주세요.",
    ),
    "doctor.flavor_asleep.ok": (
        "{flavor}: its nodes are ready",
        "{flavor}: 노드가 준비되어 있습니다",
    ),
    "doctor.flavor_asleep.bad": (
        "{flavor}: all of its nodes are not ready or closed (cordoned): {nodes}",
        "{flavor}: 노드가 모두 준비되지 않았거나 닫혀 있습니다(cordon): {nodes}",
    ),
    "doctor.flavor_asleep.why": (
        "Leases of this kind wait until one of them is back.",
        "이 종류의 요청은 노드가 돌아올 때까지 기다립니다.",
    ),
    "doctor.flavor_asleep.next": (
        "Look at: kubectl get nodes; open a closed one with: kubectl uncordon NAME",
        "kubectl get nodes 로 확인하고, 닫힌 노드는 kubectl uncordon 이름 으로 열어 주세요.",
    ),
    "doctor.flavor_taint.ok": (
        "{flavor}: nothing keeps pods away",
        "{flavor}: 파드를 막는 taint가 없습니다",
    ),
    "doctor.flavor_taint.bad": (
        "{flavor}: {count} of {nodes} nodes keep pods away by {taint}: {away}",
        "{flavor}: 노드 {nodes}개 가운데 {count}개가 taint {taint}(으)로 파드를 막습니다: {away}",
    ),
    "doctor.flavor_taint.why": (
        "Kueue would admit leases whose pods then wait for a node that takes them.",
        "Kueue가 허락해도 파드를 받아 줄 노드가 없어 계속 기다리게 됩니다.",
    ),
    "doctor.flavor_taint.next": (
        "Add to tolerations of {flavor} in policy.yaml: {{key: {label}, operator: Exists, effect: {effect}}}",
        "policy.yaml에서 {flavor}의 tolerations에 더해 주세요: {{key: {label}, operator: Exists, effect: {effect}}}",
    ),
    "doctor.flavor_sharing.ok": ("{flavor}: shared as said", "{flavor}: 나눠 쓰기 설정이 맞습니다"),
    "doctor.flavor_sharing.bad": (
        "{flavor}: node {node} shares its devices by '{given}', and policy.yaml says '{said}'",
        "{flavor}: 노드 {node}은(는) 장치를 '{given}' 방식으로 나누는데 policy.yaml에는 '{said}'(으)로 되어 있습니다",
    ),
    "doctor.flavor_sharing.why": (
        "People would hold parts of a device whose memory nobody keeps apart, and be charged for whole ones, or the other way round.",
        "메모리가 분리되지 않은 조각을 받고 전체 요금을 내거나, 그 반대가 됩니다.",
    ),
    "doctor.flavor_sharing.next": (
        "Set `sharing` and `project` of {flavor} in policy.yaml, or switch sharing off in the device plugin of that node.",
        "policy.yaml에서 {flavor}의 `sharing`과 `project`를 적거나, 그 노드의 장치 플러그인에서 나눠 쓰기를 꺼 주세요.",
    ),
    "doctor.flavor_device.ok": ("{flavor}: nodes offer it", "{flavor}: 노드가 내놓습니다"),
    "doctor.flavor_device.bad": (
        "{flavor}: {nodes} nodes have its labels and none offers {resource}; they offer: {offers}",
        "{flavor}: 라벨이 맞는 노드가 {nodes}개이지만 {resource}을(를) 내놓는 노드가 없습니다. 내놓는 것: {offers}",
    ),
    "doctor.flavor_device.why": (
        "Pods that ask for it are never placed.",
        "이것을 요청하는 파드는 어디에도 놓이지 않습니다.",
    ),
    "doctor.flavor_device.next": (
        "See whether the device plugin runs on these nodes (kubectl get pods -A -o wide). MIG slices have names of their own with the strategy 'mixed' only.",
        "이 노드들에서 장치 플러그인이 도는지 확인해 주세요(kubectl get pods -A -o wide). MIG 조각은 전략이 'mixed'일 때만 따로 이름을 가집니다.",
    ),
    "doctor.flavor_some.ok": ("{flavor}: all nodes offer it", "{flavor}: 모든 노드가 내놓습니다"),
    "doctor.flavor_some.bad": (
        "{flavor}: some of its {nodes} nodes do not offer {resource}: {without}",
        "{flavor}: 노드 {nodes}개 가운데 {resource}을(를) 내놓지 않는 것이 있습니다: {without}",
    ),
    "doctor.flavor_some.why": (
        "Fewer devices can be given out than the nodes suggest.",
        "노드 수로 짐작하는 것보다 적은 장치를 내줄 수 있습니다.",
    ),
    "doctor.flavor_some.next": (
        "Look at the device plugin's pods there, or take the label away from these nodes.",
        "거기 있는 장치 플러그인 파드를 확인하거나 이 노드들에서 라벨을 떼어 주세요.",
    ),
    "doctor.flavor_broken.ok": (
        "{flavor}: all devices are in order",
        "{flavor}: 장치가 모두 정상입니다",
    ),
    "doctor.flavor_broken.bad": (
        "{flavor}: the device plugin has taken {count} devices out ({resource})",
        "{flavor}: 장치 플러그인이 {resource} {count}개를 빼 두었습니다",
    ),
    "doctor.flavor_broken.why": (
        "They are not given out, and who waits waits longer.",
        "내줄 수 없어 기다리는 시간이 길어집니다.",
    ),
    "doctor.flavor_broken.next": (
        "Look at the device plugin's log for the device, and at the XID errors of that node.",
        "장치 플러그인의 로그와 그 노드의 XID 오류를 확인해 주세요.",
    ),
    "doctor.flavor_more.ok": (
        "{flavor}: no more is promised than is there",
        "{flavor}: 있는 만큼만 약속했습니다",
    ),
    "doctor.flavor_more.bad": (
        "{flavor}: policy.yaml gives {given} away and the nodes offer {devices}",
        "{flavor}: policy.yaml은 {given}개를 내주지만 노드에는 {devices}개가 있습니다",
    ),
    "doctor.flavor_more.why": (
        "Leases beyond what is there are admitted and find no place.",
        "있는 것보다 많이 허락되어 자리를 찾지 못합니다.",
    ),
    "doctor.flavor_more.next": (
        "Lower `devices` of {flavor} in policy.yaml, or leave it out to follow the nodes.",
        "policy.yaml에서 {flavor}의 `devices`를 줄이거나, 지워서 노드를 따르게 해 주세요.",
    ),
    "doctor.dcgm.ok": ("The DCGM exporter is there", "DCGM exporter가 있습니다"),
    "doctor.dcgm.bad": (
        "No DCGM exporter was found: how much GPUs are used is not known",
        "DCGM exporter를 찾지 못했습니다: GPU 사용률을 알 수 없습니다",
    ),
    "doctor.dcgm.why": (
        "Time is charged all the same, but statements say 'unmetered' and idle GPUs are not found.",
        "요금은 그대로 계산되지만 명세서에 '측정되지 않음'으로 나오고, 쉬는 GPU를 찾지 못합니다.",
    ),
    "doctor.dcgm.next": (
        "Install it with the GPU Operator or from NVIDIA's chart dcgm-exporter, and let Prometheus read it.",
        "GPU Operator나 NVIDIA의 dcgm-exporter 차트로 설치하고 Prometheus가 읽게 해 주세요.",
    ),
    "doctor.dcgm_ready.ok": (
        "The DCGM exporter runs on {ready} of {wanted} nodes ({where})",
        "DCGM exporter가 노드 {wanted}개 가운데 {ready}개에서 돌고 있습니다({where})",
    ),
    "doctor.dcgm_ready.bad": (
        "The DCGM exporter is ready on {ready} of {wanted} nodes ({where})",
        "DCGM exporter가 노드 {wanted}개 가운데 {ready}개에서만 준비되었습니다({where})",
    ),
    "doctor.dcgm_ready.why": (
        "On the other nodes use is not measured.",
        "나머지 노드에서는 사용률이 측정되지 않습니다.",
    ),
    "doctor.dcgm_ready.next": (
        "Look at: kubectl describe daemonset, and the logs of its pods ({where}).",
        "kubectl describe daemonset과 파드의 로그를 확인해 주세요({where}).",
    ),
    "doctor.storage_class.ok": ("There is a storage class", "StorageClass가 있습니다"),
    "doctor.storage_class.bad": (
        "There is no StorageClass: nobody gets a home volume",
        "StorageClass가 없습니다: 홈 볼륨을 만들 수 없습니다",
    ),
    "doctor.storage_class.why": (
        "A notebook without a home does not start.",
        "홈 볼륨이 없으면 노트북이 시작되지 않습니다.",
    ),
    "doctor.storage_class.next": (
        "Install a CSI driver with a StorageClass, or make volumes by hand: kubectl get storageclass",
        "StorageClass가 있는 CSI 드라이버를 설치하거나 볼륨을 직접 만들어 주세요: kubectl get storageclass",
    ),
    "doctor.storage_default.ok": (
        "Default StorageClass: {default}",
        "기본 StorageClass: {default}",
    ),
    "doctor.storage_default.bad": (
        "None of the StorageClasses is the default: {names}",
        "기본 StorageClass가 없습니다: {names}",
    ),
    "doctor.storage_default.why": (
        "A volume that names no class waits for ever, and the notebook with it.",
        "클래스를 적지 않은 볼륨은 계속 기다리고 노트북도 시작되지 않습니다.",
    ),
    "doctor.storage_default.next": (
        "Name one in the chart's values, or mark one: kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true",
        "차트의 values에 하나를 적거나 기본으로 표시해 주세요: kubectl annotate storageclass 이름 storageclass.kubernetes.io/is-default-class=true",
    ),
    "doctor.storage_defaults.ok": (
        "One StorageClass is the default",
        "기본 StorageClass가 하나입니다",
    ),
    "doctor.storage_defaults.bad": (
        "{count} StorageClasses are the default: {default}; the newest wins",
        "기본 StorageClass가 {count}개입니다: {default}. 가장 새것이 쓰입니다",
    ),
    "doctor.storage_defaults.why": (
        "Homes may come to lie where nobody meant them to.",
        "홈 볼륨이 뜻하지 않은 곳에 만들어질 수 있습니다.",
    ),
    "doctor.storage_defaults.next": (
        "Take the mark from all but one, or name the class in the chart's values.",
        "하나만 남기고 표시를 지우거나 차트의 values에 이름을 적어 주세요.",
    ),
    "doctor.people_namespace.ok": ("{namespace} is there", "{namespace}이(가) 있습니다"),
    "doctor.people_namespace.bad": (
        "The namespace {namespace}, where people are to run, does not exist",
        "사람들의 작업을 돌릴 네임스페이스 {namespace}이(가) 없습니다",
    ),
    "doctor.people_namespace.why": (
        "Neither leases nor notebooks have a place.",
        "요청도 노트북도 놓일 곳이 없습니다.",
    ),
    "doctor.people_namespace.next": (
        "The chart makes it: helm upgrade --install; or set kubernetes.namespace in policy.yaml to the one that it made.",
        "차트가 만듭니다(helm upgrade --install). 또는 policy.yaml의 kubernetes.namespace를 차트가 만든 이름으로 고쳐 주세요.",
    ),
    "doctor.pod_security.ok": (
        "Pods in {namespace} must be '{level}'",
        "{namespace}의 파드는 '{level}' 수준이어야 합니다",
    ),
    "doctor.pod_security.bad": (
        "Pod Security of {namespace} is '{level}', not 'restricted'",
        "{namespace}의 Pod Security가 'restricted'가 아니라 '{level}'입니다",
    ),
    "doctor.pod_security.why": (
        "A pod that gets past Madang could take the node over, and with it everybody's data.",
        "마당을 통과한 파드 하나가 노드와 모두의 자료를 차지할 수 있습니다.",
    ),
    "doctor.pod_security.next": (
        "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=restricted --overwrite",
        "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=restricted --overwrite",
    ),
    "doctor.pod_security_pinned.ok": (
        "Pod Security is of the newest",
        "Pod Security가 최신 기준입니다",
    ),
    "doctor.pod_security_pinned.bad": (
        "Pod Security of {namespace} is held at the rules of {pinned}",
        "{namespace}의 Pod Security가 {pinned} 규칙에 머물러 있습니다",
    ),
    "doctor.pod_security_pinned.why": (
        "What newer Kubernetes refuses is let through.",
        "새 Kubernetes가 막는 것을 통과시킵니다.",
    ),
    "doctor.pod_security_pinned.next": (
        "Set pod-security.kubernetes.io/enforce-version to latest, unless the site wants it so.",
        "일부러 그런 것이 아니라면 pod-security.kubernetes.io/enforce-version을 latest로 해 주세요.",
    ),
    "doctor.network_default.ok": (
        "{namespace} refuses traffic that no rule allows ({count} rules)",
        "{namespace}은(는) 허용되지 않은 통신을 모두 막습니다(규칙 {count}개)",
    ),
    "doctor.network_default.bad": (
        "{namespace} has no NetworkPolicy that refuses by default: {ways}",
        "{namespace}에 기본으로 막는 NetworkPolicy가 없습니다: {ways}",
    ),
    "doctor.network_default.why": (
        "Every notebook could reach everybody else's, and the services of the cluster.",
        "노트북이 다른 사람의 노트북과 클러스터의 서비스에 닿을 수 있습니다.",
    ),
    "doctor.network_default.next": (
        "The chart makes it: look whether network rules are switched off in its values, and run helm upgrade.",
        "차트가 만듭니다. values에서 네트워크 규칙을 껐는지 확인하고 helm upgrade를 해 주세요.",
    ),
    "doctor.network_enforced.ok": ("Network rules are kept", "네트워크 규칙이 지켜집니다"),
    "doctor.network_enforced.bad": (
        "Whether the network keeps to these rules cannot be seen in any object",
        "네트워크가 이 규칙을 지키는지는 어떤 객체에도 나타나지 않습니다",
    ),
    "doctor.network_enforced.why": (
        "Some network plugins take NetworkPolicies and ignore them.",
        "NetworkPolicy를 받아 두고 무시하는 네트워크 플러그인도 있습니다.",
    ),
    "doctor.network_enforced.next": (
        "Prove it with two pods that may not reach each other: helm test RELEASE -n NAMESPACE",
        "서로 닿으면 안 되는 파드 두 개로 확인해 주세요: helm test 릴리스 -n 네임스페이스",
    ),
    "doctor.rights.ok": (
        "{who} has all {count} rights that the service needs",
        "{who}에게 서비스에 필요한 권한 {count}개가 모두 있습니다",
    ),
    "doctor.rights_own.ok": (
        "Whoever asks this has all {count} rights that the service needs; for the service itself add --service-account NAMESPACE/NAME",
        "지금 묻는 사람에게 서비스에 필요한 권한 {count}개가 모두 있습니다. 서비스 자신의 권한은 --service-account 네임스페이스/이름 을 더해 확인하세요",
    ),
    "doctor.rights_unread.ok": ("Rights could be asked", "권한을 물어볼 수 있습니다"),
    "doctor.rights_unread.bad": (
        "What the service may do could not be asked: {why}",
        "서비스의 권한을 물어보지 못했습니다: {why}",
    ),
    "doctor.rights_unread.why": (
        "A right that is missing shows only when something fails.",
        "모자란 권한은 무언가 실패할 때에야 드러납니다.",
    ),
    "doctor.rights_unread.next": (
        "Run this in the service's own pod, or as an administrator with --service-account NAMESPACE/NAME.",
        "서비스의 파드 안에서, 또는 관리자로 --service-account 네임스페이스/이름 을 주고 실행해 주세요.",
    ),
    "doctor.right.ok": (
        "The service may {verbs} {resource}",
        "서비스가 {resource}을(를) {verbs}할 수 있습니다",
    ),
    "doctor.right.bad": (
        "The service ({who}) may not {verbs} {resource} in {place}",
        "서비스({who})가 {place}의 {resource}에 대해 할 수 없는 것: {verbs}",
    ),
    "doctor.right.why": (
        "What needs it fails in the middle of somebody's work.",
        "이 권한이 필요한 일이 누군가의 작업 중에 실패합니다.",
    ),
    "doctor.right.next": (
        "Add to its {kind}: {rule}. The chart's own rules have it: look who changed them.",
        "{kind}에 더해 주세요: {rule}. 차트의 규칙에는 들어 있으니 누가 바꿨는지 확인해 보세요.",
    ),
    "doctor.quotas.ok": (
        "Queues and quotas are as we wrote them ({count} objects)",
        "대기열과 할당량이 저희가 쓴 그대로입니다({count}개)",
    ),
    "doctor.quota_edited.ok": (
        "{object} is as we wrote it",
        "{object}이(가) 저희가 쓴 그대로입니다",
    ),
    "doctor.quota_edited.bad": (
        "{object} was edited by hand: {fields}, by {who} at {when}",
        "{object}을(를) 누군가 직접 고쳤습니다: {fields}, {who}, {when}",
    ),
    "doctor.quota_edited.why": (
        "Madang does not undo what others own, so the quota is no longer what policy and projects say.",
        "다른 사람이 쓴 값은 마당이 되돌리지 않으므로 할당량이 정책이나 프로젝트와 달라집니다.",
    ),
    "doctor.quota_edited.next": (
        "Change the project's quota in Madang instead, and set the field back by kubectl edit: from then on Madang keeps it again. Don't delete a queue in use: it admits nobody until all that runs has ended.",
        "할당량은 마당에서 프로젝트로 바꾸고, 그 필드는 kubectl edit로 되돌려 주세요. 그때부터 다시 마당이 관리합니다. 쓰고 있는 큐는 지우지 마세요. 실행 중인 것이 모두 끝날 때까지 새로 배정하지 않습니다.",
    ),
    "doctor.quota_foreign.ok": ("{object} is ours", "{object}은(는) 마당의 것입니다"),
    "doctor.quota_foreign.bad": (
        "{object} is there and not of our making: Madang never changes it",
        "{object}이(가) 이미 있지만 마당이 만든 것이 아니므로 건드리지 않습니다",
    ),
    "doctor.quota_foreign.why": (
        "Leases of this flavor would follow labels that somebody else decides.",
        "이 종류의 요청이 다른 사람이 정한 라벨을 따르게 됩니다.",
    ),
    "doctor.quota_foreign.next": (
        "Give your flavor another name in policy.yaml, or delete the object if nobody needs it.",
        "policy.yaml에서 다른 이름을 쓰거나, 아무도 쓰지 않는다면 그 객체를 지워 주세요.",
    ),
    "doctor.queue_inactive.ok": ("{object} is active", "{object}이(가) 켜져 있습니다"),
    "doctor.queue_inactive.bad": (
        "{object} admits nobody ({reason}): {why}",
        "{object}이(가) 아무도 받지 않습니다({reason}): {why}",
    ),
    "doctor.queue_inactive.why": (
        "Its leases wait until that is put right.",
        "바로잡힐 때까지 여기 요청은 기다립니다.",
    ),
    "doctor.queue_inactive.next": (
        "Put right what it says. Stopped means that a pause is on: madang maintenance",
        "적힌 내용을 바로잡아 주세요. Stopped는 점검 중이라는 뜻입니다: madang maintenance",
    ),
    "doctor.queue_missing.ok": ("{queue} is there", "{queue}이(가) 있습니다"),
    "doctor.queue_missing.bad": (
        "Project {project} is to use the LocalQueue {queue}, which {namespace} does not have. There are: {known}",
        "프로젝트 {project}이(가) 쓸 LocalQueue {queue}이(가) {namespace}에 없습니다. 있는 것: {known}",
    ),
    "doctor.queue_missing.why": (
        "Leases of that project would wait for ever.",
        "그 프로젝트의 요청은 계속 기다리게 됩니다.",
    ),
    "doctor.queue_missing.next": (
        "Correct kubernetes.queues.{project} in policy.yaml, make the LocalQueue, or remove the line and Madang keeps one.",
        "policy.yaml의 kubernetes.queues.{project}를 고치거나 LocalQueue를 만들어 주세요. 줄을 지우면 마당이 만듭니다.",
    ),
    "doctor.queue_covers.ok": ("{queue} gives every device", "{queue}이(가) 모든 장치를 줍니다"),
    "doctor.queue_covers.bad": (
        "LocalQueue {queue} of project {project} leads to ClusterQueue {parent}, which does not give {missing}",
        "프로젝트 {project}의 LocalQueue {queue}이(가) 쓰는 ClusterQueue {parent}에는 {missing}이(가) 없습니다",
    ),
    "doctor.queue_covers.why": (
        "Leases for such devices would wait there for ever.",
        "그런 장치를 바라는 요청은 거기서 계속 기다리게 됩니다.",
    ),
    "doctor.queue_covers.next": (
        "Add {missing} to coveredResources of {parent}, or name another queue in policy.yaml.",
        "{parent}의 coveredResources에 {missing}을(를) 더하거나 policy.yaml에 다른 대기열을 적어 주세요.",
    ),
    "error.account_unreadable.message": (
        "Cannot look at the rights of '{given}': a service account is written as NAMESPACE/NAME.",
        "'{given}'의 권한을 확인할 수 없습니다. 서비스 계정은 네임스페이스/이름으로 적습니다.",
    ),
    "error.account_unreadable.hint": (
        "Find it with: kubectl get serviceaccounts -A",
        "kubectl get serviceaccounts -A 로 찾아 주세요.",
    ),
    "error.kubernetes_not_installed.message": (
        "Cannot speak to a cluster: the Python package kubernetes is not installed.",
        "클러스터에 연결할 수 없습니다: 파이썬 패키지 kubernetes가 설치되어 있지 않습니다.",
    ),
    "error.kubernetes_not_installed.hint": (
        "Install it with: pip install 'madang[kubernetes]'",
        "이렇게 설치해 주세요: pip install 'madang[kubernetes]'",
    ),
}
