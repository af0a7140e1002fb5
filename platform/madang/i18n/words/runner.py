"""Texts about how runs end, for pages, client and command line."""

TEXTS = {
    "run_reason.cell_failed": ("A cell failed.", "셀 하나가 오류로 멈췄습니다."),
    "run_reason.kernel_died": ("The kernel died.", "커널이 죽었습니다."),
    "run_reason.out_of_memory": (
        "It needed more memory than there was. Load less at a time, or let fewer runs go side by"
        " side.",
        "메모리가 모자랐습니다. 한 번에 읽는 양을 줄이거나, 동시에 실행하는 수를 줄여 보세요.",
    ),
    "run_reason.out_of_device_memory": (
        "The memory of the GPU was too small. A smaller batch or a larger GPU helps.",
        "GPU 메모리가 모자랐습니다. 배치 크기를 줄이거나 더 큰 GPU를 고르면 됩니다.",
    ),
    "run_reason.kernel_failed": (
        "The kernel could not be started or did not answer.",
        "커널을 시작하지 못했거나 커널이 응답하지 않았습니다.",
    ),
    "run_reason.output_not_saved": (
        "The executed notebook could not be saved; what was saved before is kept.",
        "실행된 노트북을 저장하지 못했습니다. 그 전까지 저장된 내용은 남아 있습니다.",
    ),
    "run_reason.disk_full": (
        "The disk was full. Write less, or delete what is no longer needed while the notebook runs;"
        " what was saved before is kept.",
        "디스크가 가득 찼습니다. 쓰는 양을 줄이거나, 필요 없어진 파일을 실행 중에 지워 주세요. 그 전까지 저장된 내용은"
        " 남아 있습니다.",
    ),
    "run_reason.slot_disk": (
        "There was no room to prepare the run on the machine.",
        "실행을 준비할 디스크 공간이 없었습니다.",
    ),
    "run_reason.runner_error": (
        "The notebook could not be executed as it is.",
        "이 노트북은 그대로 실행할 수 없었습니다.",
    ),
    "run_reason.runner_died": (
        "The process that executed the run was killed, also when it was tried again.",
        "실행하던 프로세스가 강제로 종료되었고, 다시 시도해도 마찬가지였습니다.",
    ),
    "run_reason.slot_stopped": (
        "The GPUs were given back before the run was finished.",
        "실행이 끝나기 전에 GPU가 반납되었습니다.",
    ),
    "run_reason.stopped": ("Stopped.", "중지되었습니다."),
    "run_reason.parameters_undeclared": (
        "The notebook does not declare a parameter that was given.",
        "주신 매개변수가 노트북에 선언되어 있지 않습니다.",
    ),
    "runner.output_cut": (
        "The outputs of this run would be larger than {mib} MiB, so what has no room is left out"
        " from here on; the cells go on. Write large results to a file.",
        "이 실행의 출력이 {mib} MiB를 넘어 여기부터는 들어갈 자리가 없는 출력을 뺍니다. 셀은 계속 실행됩니다."
        " 큰 결과는 파일에 저장해 주세요.",
    ),
}
