"""Texts of looking after the house on the administration page, and what its acts are called."""

TEXTS = {
    "pages.admin.pause": ("Maintenance", "점검"),
    "pages.admin.pause_lead": (
        "Everything may start now. During maintenance nothing new starts; what waits keeps its place, and what runs goes on.",
        "지금은 무엇이든 시작할 수 있습니다. 점검 중에는 새로 시작하지 않으며, 기다리는 분의 자리는 그대로이고 실행 중인 것은 계속됩니다.",
    ),
    "pages.admin.paused": (
        "Nothing new starts: {why}.",
        "새로 시작하지 않는 중입니다. 사유: {why}.",
    ),
    "pages.admin.pause_begin": ("Begin maintenance", "점검 시작"),
    "pages.admin.pause_end": ("End maintenance", "점검 끝내기"),
    "pages.admin.pause_text": (
        "From now on nothing new starts. What waits keeps its place, and what runs goes on.",
        "지금부터 새로 시작하지 않습니다. 기다리는 분의 자리는 그대로이고, 실행 중인 것은 계속됩니다.",
    ),
    "pages.admin.pause_why": ("What people read", "이용자에게 보일 안내"),
    "pages.admin.pause_why_hint": (
        "Stands on every page, also before the login.",
        "로그인 화면을 포함한 모든 페이지에 나타납니다.",
    ),
    "pages.admin.pause_until": (
        "Expected end (may be left empty)",
        "끝날 예정 시각(비워 둘 수 있음)",
    ),
    "pages.admin.drain": ("Take out", "빼기"),
    "pages.admin.drain_of": ("Take {device} out of the pool?", "{device}을(를) 뺄까요?"),
    "pages.admin.drain_text": (
        "It is given to nobody any more. Whoever holds it now keeps it until they are done.",
        "더는 누구에게도 배정하지 않습니다. 지금 쓰는 분은 끝날 때까지 계속 쓸 수 있습니다.",
    ),
    "pages.admin.put_back": ("Put back", "되돌리기"),
    "pages.admin.put_back_of": ("Put {device} back into the pool", "{device} 되돌리기"),
    "pages.admin.out": ("out of the pool", "빠져 있음"),
    "pages.admin.gone": ("Taken out, and not found any more", "빼 둔 뒤 보이지 않는 장치"),
    "pages.admin.act.lease.change": ("changed a request", "신청 변경"),
    "pages.admin.act.device.drain": ("took a device out", "장치 뺌"),
    "pages.admin.act.device.return": ("put a device back", "장치 되돌림"),
    "pages.admin.act.maintenance.begin": ("began maintenance", "점검 시작"),
    "pages.admin.act.maintenance.end": ("ended maintenance", "점검 끝냄"),
}
