"""Texts of the demo."""

TEXTS = {
    "error.demo_home_not_empty.message": (
        "The folder {path} is not empty; the demo uses and removes a folder of its own.",
        "{path} 폴더가 비어 있지 않습니다. 데모는 자기 폴더를 쓰고 끝나면 지웁니다.",
    ),
    "error.demo_home_not_empty.hint": (
        "Leave --home away, or name a folder that does not exist yet.",
        "--home을 빼거나 아직 없는 폴더를 적어 주세요.",
    ),
}
