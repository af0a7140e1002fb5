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
}
