"""Texts about runs of a sweep that share a device."""

TEXTS = {
    "error.sharing_one_device.message": (
        "{runs} runs cannot share {given} devices: runs share a device only where each asks for "
        "at most {limit}.",
        "장치 {given}개를 실행 {runs}건이 나눠 쓸 수는 없습니다. 실행마다 장치를 {limit}개까지 요청할 때만 "
        "함께 쓸 수 있습니다.",
    ),
    "error.sharing_one_device.hint": (
        "Ask for one device for each run, or let each run have its devices alone "
        "(runs per device: 1).",
        "실행마다 장치를 하나만 요청하거나, 장치당 실행 수를 1로 두세요.",
    ),
    "column.runs_per_device": ("runs per device", "장치당 실행"),
    "pages.sweep.per_device": ("Runs per device", "장치당 실행"),
    "pages.sweep_new.per_device_help": (
        "For small models: so many runs share a device at the same time, and its cost. Each has a "
        "part of its memory and goes slower than alone.",
        "작은 모델에 알맞습니다. 이 수만큼 장치 하나를 동시에 나눠 쓰고 비용도 나눕니다. 실행마다 장치 메모리의 "
        "일부만 쓸 수 있고, 혼자 쓸 때보다 느립니다.",
    ),
}
