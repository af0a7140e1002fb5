"""Texts about how often a run is kept, as whoever submits it may say."""

TEXTS = {
    "error.checkpoint_after_unfit.message": (
        "A run cannot be saved every {given} s: from {least} to {most} seconds are possible.",
        "{given}초마다 저장할 수는 없습니다. {least}초에서 {most}초까지 쓸 수 있습니다.",
    ),
    "error.checkpoint_after_unfit.hint": (
        "Leave it out to save every 30 s, or as the notebook's metadata say. Saves take at most a tenth of the time.",
        "비워 두면 30초마다, 또는 노트북 메타데이터에 적힌 대로 저장합니다. 저장에는 전체 시간의 10분의 1까지만 씁니다.",
    ),
}
