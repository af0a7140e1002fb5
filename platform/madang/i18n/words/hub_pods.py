"""Texts of notebook servers that run as pods of a cluster, and of what can go wrong with them."""

TEXTS = {
    "error.unknown_spawner.message": (
        "Cannot start the hub: MADANG_SPAWNER is '{given}', known are {known}.",
        "허브를 시작할 수 없습니다. MADANG_SPAWNER 값이 '{given}'인데, 쓸 수 있는 값은 {known}입니다.",
    ),
    "error.unknown_spawner.hint": (
        "Set MADANG_SPAWNER to one of them and start the hub again.",
        "MADANG_SPAWNER를 그중 하나로 바꾸고 허브를 다시 시작해 주세요.",
    ),
    "error.spawner_internal_ssl.message": (
        "Cannot start the server: the hub has internal_ssl on, which servers of leases do not speak.",
        "서버를 시작할 수 없습니다. 허브에 internal_ssl이 켜져 있는데, 리스로 시작하는 서버는 이를 지원하지 않습니다.",
    ),
    "error.spawner_internal_ssl.hint": (
        "Ask the administrator to take c.JupyterHub.internal_ssl out of the hub's configuration; network policies keep the traffic apart.",
        "관리자에게 허브 설정에서 c.JupyterHub.internal_ssl을 빼 달라고 요청해 주세요. 통신은 네트워크 정책으로 분리됩니다.",
    ),
    "error.placement_missing.message": (
        "Cannot start the server: the service did not say what the pod of lease {lease} needs.",
        "서버를 시작할 수 없습니다. 리스 {lease}의 파드에 필요한 내용을 서비스가 알려 주지 않았습니다.",
    ),
    "error.placement_missing.hint": (
        "Hub and service are probably of different versions. Ask the administrator to upgrade both together.",
        "허브와 서비스의 버전이 서로 다른 것 같습니다. 관리자에게 둘을 함께 업그레이드해 달라고 요청해 주세요.",
    ),
    "error.pod_setting.message": (
        "Cannot start the server: '{setting}' of this profile or kind of device is {given}, which a pod cannot carry.",
        "서버를 시작할 수 없습니다. 이 프로필 또는 장치 종류의 '{setting}' 값이 {given}인데, 파드에 쓸 수 없는 값입니다.",
    ),
    "error.pod_setting.hint": (
        "Pick another profile for now, and send the administrator this message: the value stands in profiles.yaml or policy.yaml.",
        "우선 다른 프로필을 선택하시고, 이 메시지를 관리자에게 전달해 주세요. 값은 profiles.yaml 또는 policy.yaml에 있습니다.",
    ),
    "error.image_not_allowed.message": (
        "Cannot start the server: the image {image} is not one that this hub allows ({known}).",
        "서버를 시작할 수 없습니다. {image} 이미지는 이 허브에서 허용한 이미지({known})가 아닙니다.",
    ),
    "error.image_not_allowed.hint": (
        "Pick another profile, or ask the administrator to add the image to MADANG_IMAGES.",
        "다른 프로필을 선택하시거나, 관리자에게 이 이미지를 MADANG_IMAGES에 추가해 달라고 요청해 주세요.",
    ),
    "error.server_pod_taken.message": (
        "Cannot start the server: the cluster has a pod {pod} that is not of this lease.",
        "서버를 시작할 수 없습니다. 클러스터에 이 리스의 것이 아닌 {pod} 파드가 이미 있습니다.",
    ),
    "error.server_pod_taken.hint": (
        "Your place was given back, nothing was deleted. Ask the administrator who made that pod, then start again.",
        "차례는 반납되었고 아무것도 삭제하지 않았습니다. 관리자에게 누가 만든 파드인지 확인해 달라고 한 뒤 다시 시작해 주세요.",
    ),
    "error.pod_refused.message": (
        "The cluster did not accept the server's pod.",
        "클러스터가 서버의 파드를 받아들이지 않았습니다.",
    ),
    "error.pod_refused.hint": (
        "Its words are below; the administrator will need them. Your GPUs were given back.",
        "클러스터가 알려 준 내용을 아래에 보여 드립니다. 관리자에게 전달해 주세요. GPU는 반납되었습니다.",
    ),
    "error.pod_cluster_away.message": (
        "The server could not be started: the cluster's API does not answer.",
        "서버를 시작하지 못했습니다. 클러스터의 API가 응답하지 않습니다.",
    ),
    "error.pod_cluster_away.hint": (
        "Servers that run already are not affected. Start again in a few minutes; if it goes on, tell the administrator.",
        "이미 실행 중인 서버에는 영향이 없습니다. 몇 분 뒤 다시 시작해 보시고, 계속되면 관리자에게 알려 주세요.",
    ),
    "error.pod_image.message": (
        "The image of the server could not be fetched: {image}.",
        "서버의 이미지를 가져오지 못했습니다: {image}",
    ),
    "error.pod_image.hint": (
        "Pick another profile for now. The administrator should check the name, and whether the nodes may read that registry.",
        "우선 다른 프로필을 선택해 주세요. 관리자는 이미지 이름과, 노드가 그 레지스트리에서 받을 수 있는지 확인해 주세요.",
    ),
    "error.pod_container.message": (
        "The server's container could not be made ({reason}).",
        "서버의 컨테이너를 만들지 못했습니다({reason}).",
    ),
    "error.pod_container.hint": (
        "The cluster's words are below. Usual causes: an image that wants to run as root, or a volume that cannot be mounted. Tell the administrator.",
        "클러스터가 알려 준 내용을 아래에 보여 드립니다. 이미지가 root로 실행되도록 만들어졌거나 볼륨을 붙일 수 없는 경우가 많습니다. 관리자에게 알려 주세요.",
    ),
    "error.pod_unplaced.message": (
        "No node took the server's pod in time.",
        "제시간에 서버의 파드를 받은 노드가 없습니다.",
    ),
    "error.pod_unplaced.hint": (
        "Why is below. Start again for a new turn, or pick something smaller; if it happens again, tell the administrator.",
        "이유를 아래에 보여 드립니다. 다시 시작해 차례를 받거나 더 작은 것을 선택해 주세요. 또 일어나면 관리자에게 알려 주세요.",
    ),
    "error.pod_volume.message": (
        "The server waits for a volume that the cluster does not give: your home, or the folder of your project.",
        "서버에 필요한 볼륨(내 홈 또는 프로젝트 폴더)을 클러스터가 내주지 않습니다.",
    ),
    "error.pod_volume.hint": (
        "Your devices were given back, and the wait costs nothing. Another profile needs the same volume, so tell the administrator: kubectl describe pvc in the namespace of people says why. Then start again.",
        "장치는 반납되었고 기다린 시간은 청구되지 않습니다. 다른 프로필도 같은 볼륨이 필요하니 관리자에게 알려 주세요. 이유는 사람들의 네임스페이스에서 kubectl describe pvc 로 볼 수 있습니다. 해결되면 다시 시작해 주세요.",
    ),
    "error.pod_memory.message": (
        "The server used more memory than it has ({memory}) and was ended.",
        "서버가 가진 메모리({memory})보다 많이 사용해 종료되었습니다.",
    ),
    "error.pod_memory.hint": (
        "Notebooks are as last saved. Pick a profile with more memory, load less at once, or use a Dask cluster for large data.",
        "노트북은 마지막으로 저장한 상태입니다. 메모리가 더 큰 프로필을 고르거나, 데이터를 나누어 읽거나, 큰 데이터에는 Dask 클러스터를 사용해 보세요.",
    ),
    "error.pod_evicted.message": (
        "The node that the server ran on became short of memory or disk and ended it.",
        "서버가 실행되던 노드의 메모리나 디스크가 부족해져 서버가 종료되었습니다.",
    ),
    "error.pod_evicted.hint": (
        "Your files are kept. Start again: it will go to another node. Large temporary files belong in your home folder.",
        "파일은 그대로 있습니다. 다시 시작하면 다른 노드에서 열립니다. 큰 임시 파일은 홈 폴더에 두어 주세요.",
    ),
    "error.pod_node_lost.message": (
        "The node that the server ran on ({node}) is gone from the cluster.",
        "서버가 실행되던 노드({node})가 클러스터에서 사라졌습니다.",
    ),
    "error.pod_node_lost.hint": (
        "Your files are kept, what was only in memory is lost. Start again: it will go to another node.",
        "파일은 그대로 있지만 메모리에만 있던 내용은 사라졌습니다. 다시 시작하면 다른 노드에서 열립니다.",
    ),
    "error.pod_deadline.message": (
        "The server reached its longest time and was ended.",
        "서버가 최대 사용 시간에 이르러 종료되었습니다.",
    ),
    "error.pod_deadline.hint": (
        "Your files are kept. Start again to go on.",
        "파일은 그대로 있습니다. 다시 시작하면 이어서 쓸 수 있습니다.",
    ),
    "error.pod_deleted.message": (
        "The server's pod was deleted in the cluster.",
        "클러스터에서 서버의 파드가 삭제되었습니다.",
    ),
    "error.pod_deleted.hint": (
        "Usually an administrator emptied a node. Your files are kept; start again to go on.",
        "보통 관리자가 노드를 비울 때 일어납니다. 파일은 그대로 있으니 다시 시작해 주세요.",
    ),
    "error.pod_ended.message": (
        "The server's pod ended ({reason}).",
        "서버의 파드가 종료되었습니다({reason}).",
    ),
    "error.pod_ended.hint": (
        "Your files are kept; start again to go on. If it happens again, tell the administrator.",
        "파일은 그대로 있습니다. 다시 시작해 주세요. 또 일어나면 관리자에게 알려 주세요.",
    ),
}
