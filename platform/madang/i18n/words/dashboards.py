"""Texts about the dashboards of clusters."""

TEXTS = {
    "pages.dashboard.open": ("Open Dask dashboard", "Dask 대시보드 열기"),
    "pages.dashboard.new_tab": ("opens in a new tab", "새 탭에서 열립니다"),
    "pages.dashboard.gone": (
        "This dashboard is not open here",
        "여기서는 대시보드를 볼 수 없습니다",
    ),
    "pages.dashboard.gone_text": (
        "The link was used already or is older than a minute, you have logged out since, or the cluster has ended.",
        "이미 사용했거나 1분이 지난 링크입니다. 그사이 로그아웃하셨거나 클러스터가 끝났을 수도 있습니다.",
    ),
    "pages.dashboard.gone_link": (
        "Open it anew from the clusters page",
        "클러스터 페이지에서 다시 열기",
    ),
    "error.dashboards_off.message": (
        "Dashboards are not served here now.",
        "지금은 대시보드를 볼 수 없습니다.",
    ),
    "error.dashboards_off.hint": (
        "Ask an administrator to look into service.log: the port of the dashboards could not be opened, or none was given.",
        "관리자에게 service.log 확인을 요청해 주세요. 대시보드 포트를 열지 못했거나 포트를 정하지 않은 상태입니다.",
    ),
    "error.dashboard_needs_browser.message": (
        "A dashboard is opened by a browser that is logged in, not with a token.",
        "대시보드는 토큰이 아니라 로그인한 브라우저로 엽니다.",
    ),
    "error.dashboard_needs_browser.hint": (
        "Open this address in the browser in which you use Madang.",
        "마당을 쓰시는 브라우저에서 이 주소를 열어 주세요.",
    ),
    "error.dashboard_port_busy.message": (
        "Port {port} for dashboards cannot be opened on {host}: {holder} listens there.",
        "대시보드 포트 {port}을(를) {host}에서 열 수 없습니다. {holder}이(가) 이미 쓰고 있습니다.",
    ),
    "error.dashboard_port_busy.hint": (
        "Choose another one with --dashboard-port, or leave the option out for a free one.",
        "--dashboard-port 로 다른 포트를 고르거나, 옵션을 빼면 빈 포트를 씁니다.",
    ),
    "error.dashboard_url_unusable.message": (
        "'{given}' cannot be the address of the dashboards: it is http:// or https:// and a host, without a path.",
        "'{given}'은(는) 대시보드 주소로 쓸 수 없습니다. 경로 없이 http:// 또는 https:// 와 호스트만 적어 주세요.",
    ),
    "error.dashboard_url_unusable.hint": (
        "Give dashboards a host name of their own, such as https://dash.lab.example.",
        "https://dash.lab.example 처럼 대시보드 전용 호스트 이름을 정해 주세요.",
    ),
}
