"""Texts of the shim, the engines and the devices."""

TEXTS = {
    "error.process_not_started.message": (
        "Could not start a process for {record}: {why}.",
        "{record}의 프로세스를 시작하지 못했습니다: {why}.",
    ),
    "error.process_not_started.hint": (
        "Check that the disk is not full and that the machine is not overloaded, then try again.",
        "디스크가 가득 찼거나 서버에 부하가 몰린 것은 아닌지 확인한 뒤 다시 시도해 주세요.",
    ),
    "error.attempt_stopped.message": (
        "Could not start {attempt}: it was asked to stop while it was starting.",
        "{attempt}은(는) 시작하는 도중에 중지 요청을 받아 시작하지 않았습니다.",
    ),
    "error.attempt_stopped.hint": (
        "Ask again if it is still needed.",
        "계속 필요하면 다시 요청해 주세요.",
    ),
    "error.launch_by_hub.message": (
        "The lease {lease} is a notebook; only the hub starts notebooks.",
        "{lease}은(는) 노트북입니다. 노트북은 허브만 시작할 수 있습니다.",
    ),
    "error.launch_by_hub.hint": (
        "Start the server from the hub's home page.",
        "허브의 홈 화면에서 서버를 시작해 주세요.",
    ),
    "error.gpus_unreadable.message": (
        "Cannot read the GPUs '{given}': expected auto, nvml, none or sim:<count>x<model>.",
        "GPU 설정 '{given}'을(를) 읽을 수 없습니다. auto, nvml, none, sim:<개수>x<모델> 중 하나여야 합니다.",
    ),
    "error.gpus_unreadable.hint": (
        "Write for example --gpus sim:8xh200 (1 to 1024 devices of a model, models joined by commas).",
        "예: --gpus sim:8xh200 (모델마다 1~1024개, 여러 모델은 쉼표로 이어 씁니다).",
    ),
    "error.nvml_unavailable.message": (
        "Cannot read this machine's GPUs: the NVIDIA driver did not answer ({why}).",
        "이 서버의 GPU를 확인할 수 없습니다. NVIDIA 드라이버가 응답하지 않습니다({why}).",
    ),
    "error.nvml_unavailable.hint": (
        "Check that nvidia-smi works here, or use --gpus auto to go on with simulated devices.",
        "nvidia-smi가 동작하는지 확인하거나, --gpus auto로 시뮬레이션 장치를 사용해 주세요.",
    ),
    "error.joined_cluster_gone.message": (
        "The cluster that these workers should join has no scheduler ({lease}).",
        "워커가 합류할 클러스터에 스케줄러가 없습니다({lease}).",
    ),
    "error.joined_cluster_gone.hint": (
        "Ask for a new cluster; the workers wait for no other.",
        "클러스터를 새로 신청해 주세요. 이 워커는 다른 클러스터에 합류하지 않습니다.",
    ),
    "error.artifact_missing.message": (
        "There are no stored bytes named {sha256}.",
        "{sha256}에 해당하는 저장된 파일이 없습니다.",
    ),
    "error.artifact_missing.hint": (
        "It was never stored here, or the file was damaged; submit the notebook again.",
        "저장된 적이 없거나 파일이 손상되었습니다. 노트북을 다시 제출해 주세요.",
    ),
    "error.storage_full.message": (
        "Could not store {bytes} bytes ({why}); the disk may be full.",
        "{bytes}바이트를 저장하지 못했습니다({why}). 디스크가 가득 찼을 수 있습니다.",
    ),
    "error.storage_full.hint": (
        "Nothing was changed. Free space in the data folder, then try again.",
        "바뀐 내용은 없습니다. 데이터 폴더의 공간을 확보한 뒤 다시 시도해 주세요.",
    ),
}
