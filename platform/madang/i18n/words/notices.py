"""Texts of notices, their settings, and what can go wrong on the way to a person."""

TEXTS = {
    "notice.turn.subject": (
        "Your GPU is ready: take it before {claim_by_time}",
        "GPU가 준비되었습니다: {claim_by_time}까지 시작해 주세요",
    ),
    "notice.turn.body": (
        "It is your turn: {devices} × {flavor} for '{name}' ({project}).\nThey are kept for you for two minutes. Open the page below and they are yours.",
        "차례가 왔습니다: '{name}'({project})에 {devices} × {flavor}.\n2분 동안 맡아 두겠습니다. 아래 페이지를 열면 바로 시작합니다.",
    ),
    "notice.ended.subject": ("'{name}' has ended", "'{name}' 사용이 끝났습니다"),
    "notice.ended.body": (
        "{devices} × {flavor} in {project}: {reason_text}\n{reason_hint}",
        "{project}의 {devices} × {flavor}: {reason_text}\n{reason_hint}",
    ),
    "notice.ending.subject": (
        "'{name}' ends in {minutes} minutes",
        "'{name}' 사용 시간이 {minutes}분 남았습니다",
    ),
    "notice.ending.body": (
        "The time limit is reached at {expires_time}. Save your work, or take one hour more on the page below.",
        "{expires_time}에 시간 제한에 이릅니다. 작업을 저장하거나 아래 페이지에서 1시간 더 늘려 주세요.",
    ),
    "notice.idle.subject": (
        "'{name}' does not use its devices",
        "'{name}'에서 장치를 쓰지 않고 있습니다",
    ),
    "notice.idle.body": (
        "{devices} × {flavor} in {project} have not been used since {since_time}. At {ends_time} the notebook is ended and they go to the next person. Run a cell to keep them, or stop the server now; your files stay either way.",
        "{project}의 {devices} × {flavor}을(를) {since_time}부터 쓰지 않았습니다. {ends_time}에 노트북을 끝내고 다음 분께 넘깁니다. 계속 쓰려면 셀을 실행하고, 다 썼으면 지금 서버를 멈춰 주세요. 어느 쪽이든 파일은 그대로 있습니다.",
    ),
    "notice.run.succeeded.subject": ("Run '{name}' is done", "실행 '{name}' 완료"),
    "notice.run.succeeded.body": (
        "The run in {project} has succeeded; its notebook is ready.",
        "{project}의 실행이 성공했습니다. 결과 노트북을 볼 수 있습니다.",
    ),
    "notice.run.failed.subject": ("Run '{name}' has failed", "실행 '{name}' 실패"),
    "notice.run.failed.body": (
        "The page below shows which cell failed, and with what.",
        "어느 셀에서 어떤 오류가 났는지 아래 페이지에서 볼 수 있습니다.",
    ),
    "notice.run.expired.subject": ("Run '{name}' ran out of time", "실행 '{name}' 시간 초과"),
    "notice.run.expired.body": (
        "It reached its time limit. What was done so far is kept; submit it again with a longer limit.",
        "시간 제한에 이르렀습니다. 그때까지의 결과는 남아 있으니 제한을 늘려 다시 신청해 주세요.",
    ),
    "notice.budget.subject": (
        "{percent} % of the budget of {project} is used",
        "{project} 예산의 {percent}%를 썼습니다",
    ),
    "notice.budget.body": (
        "{left} credits are left. When they are used up, notebooks are saved and ended.",
        "{left} 크레딧이 남았습니다. 모두 쓰면 노트북을 저장하고 끝냅니다.",
    ),
    "notice.test.subject": ("Test notice from Madang", "마당 알림 시험"),
    "notice.test.body": (
        "This way of telling you works.",
        "이 경로로 알림을 받을 수 있습니다.",
    ),
    # Why something did not arrive.
    "notice.problem.address": ("the address cannot be used", "쓸 수 없는 주소"),
    "notice.problem.recipient": (
        "the mail server does not take this address",
        "메일 서버가 이 주소를 받지 않음",
    ),
    "notice.problem.login": (
        "the mail server did not let us log in; tell your administrator",
        "메일 서버 로그인 실패. 관리자에게 알려 주세요",
    ),
    "notice.problem.server": ("the mail server does not answer", "메일 서버가 응답하지 않음"),
    "notice.problem.no_server": ("no mail server is set up", "메일 서버가 설정되지 않음"),
    "notice.problem.name": ("the name is not known", "이름을 찾을 수 없는 주소"),
    "notice.problem.private": (
        "the address lies inside a private network",
        "사설 네트워크 안의 주소",
    ),
    "notice.problem.slow": ("no answer in time", "제때 응답이 없음"),
    "notice.problem.connection": ("no connection", "연결되지 않음"),
    "notice.problem.status": ("the receiver answered with an error", "받는 쪽이 오류로 응답함"),
    "notice.problem.gone": (
        "the receiver is gone (404 or 410)",
        "받는 주소가 없어짐(404 또는 410)",
    ),
    "notice.problem.secret": (
        "the key of the signature is lost; save the settings again",
        "서명 키가 없어졌습니다. 설정을 다시 저장해 주세요",
    ),
    "notice.problem.person": ("the person is not known", "모르는 사용자"),
    "notice.problem.late": ("it was too late to tell", "알리기에 너무 늦음"),
    "notice.problem.defect": ("a fault of ours; it is tried again", "내부 오류. 다시 시도합니다"),
    # Errors.
    "error.notice_undelivered.message": (
        "The notice did not arrive ({why}).",
        "알림을 보내지 못했습니다({why}).",
    ),
    "error.notice_undelivered.hint": ("It is tried again.", "다시 시도합니다."),
    "error.notice_refused.message": (
        "The notice cannot be delivered ({why}).",
        "알림을 보낼 수 없습니다({why}).",
    ),
    "error.notice_refused.hint": (
        "Check the address in your settings.",
        "설정의 주소를 확인해 주세요.",
    ),
    "error.webhook_unusable.message": (
        "This web address cannot be used (rule: {rule}): it must be https, public, and hold no name or password.",
        "쓸 수 없는 웹 주소입니다(규칙: {rule}). https로 시작하는 공개 주소여야 하며 이름이나 비밀번호를 담을 수 없습니다.",
    ),
    "error.webhook_unusable.hint": (
        "Use the address that your chat service or receiver shows for incoming webhooks.",
        "채팅 서비스나 수신 서버가 알려 준 웹훅 주소를 그대로 넣어 주세요.",
    ),
    "error.mail_unusable.message": (
        "'{given}' is no mail address.",
        "'{given}'은(는) 메일 주소가 아닙니다.",
    ),
    "error.mail_unusable.hint": (
        "Write it as name@example.org.",
        "name@example.org처럼 써 주세요.",
    ),
    "error.mail_domain.message": (
        "Mail is sent to {known} only; '{given}' was given.",
        "{known} 주소로만 메일을 보냅니다. 입력한 곳: '{given}'.",
    ),
    "error.mail_domain.hint": (
        "Use your address there, or a webhook.",
        "그곳의 주소를 쓰거나 웹훅을 이용해 주세요.",
    ),
    "error.mail_off.message": (
        "No mail can be sent here: no mail server is set up.",
        "메일 서버가 설정되지 않아 메일을 보낼 수 없습니다.",
    ),
    "error.mail_off.hint": (
        "Use a webhook, or ask your administrator to set notices.smtp in policy.yaml.",
        "웹훅을 쓰거나, 관리자에게 policy.yaml의 notices.smtp 설정을 요청해 주세요.",
    ),
    "error.notice_kind_unknown.message": (
        "There is no notice '{given}'. There are: {known}.",
        "'{given}' 알림은 없습니다. 있는 알림: {known}.",
    ),
    "error.notice_kind_unknown.hint": ("Choose among these.", "이 가운데에서 골라 주세요."),
    "error.lang_unknown.message": (
        "There is no language '{given}'.",
        "'{given}' 언어는 지원하지 않습니다.",
    ),
    "error.lang_unknown.hint": ("Choose ko or en.", "ko나 en을 골라 주세요."),
    "error.test_too_soon.message": (
        "A test was sent within the last minute.",
        "조금 전에 시험 알림을 보냈습니다.",
    ),
    "error.test_too_soon.hint": (
        "Look whether it arrived, and try again in a minute.",
        "도착했는지 확인하고 1분 뒤에 다시 시도해 주세요.",
    ),
    "error.password_missing.message": (
        "The password of the mail server cannot be read from {path}.",
        "{path}에서 메일 서버 비밀번호를 읽을 수 없습니다.",
    ),
    "error.password_missing.hint": (
        "Make the file readable for the service, or give MADANG_SMTP_PASSWORD.",
        "서비스가 읽을 수 있게 하거나 MADANG_SMTP_PASSWORD를 주세요.",
    ),
    # The page of settings.
    "pages.settings.title": ("Settings", "설정"),
    "pages.settings.lead": (
        "How we tell you that your GPU is ready, that time runs out, or that a run is done.",
        "GPU가 준비되었을 때, 시간이 얼마 남지 않았을 때, 실행이 끝났을 때 알려 드리는 방법입니다.",
    ),
    "pages.settings.mail": ("Mail address", "메일 주소"),
    "pages.settings.mail_off": (
        "No mail server is set up here, so mail is not possible.",
        "메일 서버가 설정되지 않아 메일을 쓸 수 없습니다.",
    ),
    "pages.settings.webhook": ("Webhook address (https)", "웹훅 주소(https)"),
    "pages.settings.webhook_help": (
        "For a chat room or a program of yours. Each call is signed with the key below (header X-Madang-Signature).",
        "채팅방이나 직접 만든 프로그램으로 받을 때 씁니다. 아래 키로 서명해 보냅니다(X-Madang-Signature 헤더).",
    ),
    "pages.settings.secret": ("Key of the signature", "서명 키"),
    "pages.settings.lang": ("Language of notices", "알림 언어"),
    "pages.settings.kinds": ("Tell me", "받을 알림"),
    "pages.settings.kind.turn": ("My GPU is ready", "GPU가 준비됨"),
    "pages.settings.kind.ended": (
        "Something ended that I did not end",
        "내가 끝내지 않았는데 끝남",
    ),
    "pages.settings.kind.ending": (
        "Time runs out (15 and 5 minutes)",
        "시간이 얼마 안 남음(15분, 5분)",
    ),
    "pages.settings.kind.idle": (
        "My notebook leaves its devices unused",
        "내 노트북이 장치를 쓰지 않음",
    ),
    "pages.settings.kind.run": ("A run is done or has failed", "실행이 끝나거나 실패함"),
    "pages.settings.kind.schedule": ("A schedule was paused", "예약이 일시 중지됨"),
    "pages.settings.kind.budget": ("A budget is used to 80 or 95 %", "예산을 80%, 95% 씀"),
    "pages.settings.save": ("Save", "저장"),
    "pages.settings.test": ("Send a test", "시험 알림 보내기"),
    "pages.settings.recent": ("What we told you", "최근 알림"),
    "pages.settings.nothing": ("Nothing yet.", "아직 없습니다."),
    "pages.settings.arrived": ("last one arrived", "마지막 알림 도착함"),
    "pages.settings.on_way": ("last one is on its way", "마지막 알림 보내는 중"),
    "pages.js.saved": ("Saved", "저장했습니다"),
    "pages.js.notify_on": (
        "This browser will tell you when it is your turn.",
        "차례가 오면 이 브라우저에서 알려 드립니다.",
    ),
    "pages.js.notify_off": (
        "This browser does not allow notices for this page.",
        "이 브라우저가 이 페이지의 알림을 막고 있습니다.",
    ),
    "pages.js.notify_body": (
        "Your GPU is kept for two minutes.",
        "GPU를 2분 동안 맡아 두고 있습니다.",
    ),
    "pages.act.notify": ("Notify me in this browser", "이 브라우저로 알림 받기"),
}
