"""Texts about requests: who asks, what a body may hold, the login, and starting the service."""

TEXTS = {
    # Who asks
    "error.not_logged_in.message": ("Nobody is logged in.", "로그인되어 있지 않습니다."),
    "error.not_logged_in.hint": (
        "Log in in the browser, or send the header 'Authorization: token …'.",
        "브라우저에서 로그인하시거나 'Authorization: token …' 헤더를 보내 주세요.",
    ),
    "error.token_unreadable.message": (
        "The Authorization header cannot be read: its scheme is '{given}', expected is token or Bearer and one token.",
        "Authorization 헤더를 읽을 수 없습니다. 방식이 '{given}'입니다. token 또는 Bearer 뒤에 토큰 하나가 와야 합니다.",
    ),
    "error.token_unreadable.hint": (
        "Write it as 'Authorization: token <your token>'.",
        "'Authorization: token <내 토큰>' 형식으로 보내 주세요.",
    ),
    "error.person_not_named.message": (
        "The service's own token acts for a person, but the header X-Madang-Person names none.",
        "서비스 토큰은 사람을 대신해서 쓰는 것인데, X-Madang-Person 헤더에 사람 이름이 없습니다.",
    ),
    "error.person_not_named.hint": (
        "Send the person's hub name in X-Madang-Person.",
        "X-Madang-Person 헤더에 허브 사용자 이름을 넣어 주세요.",
    ),
    "error.person_mismatch.message": (
        "The token belongs to '{person}', but the request is for '{given}'.",
        "토큰의 주인은 '{person}'인데 요청은 '{given}' 이름으로 왔습니다.",
    ),
    "error.person_mismatch.hint": (
        "Leave X-Madang-Person out, or use the token of that person.",
        "X-Madang-Person 헤더를 빼거나 그 사람의 토큰을 써 주세요.",
    ),
    "error.service_access_missing.message": (
        "The login or token of '{person}' may not use Madang: it lacks the scope access:services!service=madang.",
        "'{person}' 님의 로그인이나 토큰으로는 마당을 쓸 수 없습니다. access:services!service=madang 권한이 없습니다.",
    ),
    "error.service_access_missing.hint": (
        "Make a token with this scope, or ask an administrator of the hub for it.",
        "이 권한이 있는 토큰을 새로 만들거나 허브 관리자에게 요청해 주세요.",
    ),
    "error.cross_site.message": (
        "The request came from another site ({given}) and was not carried out.",
        "다른 사이트({given})에서 온 요청이라 처리하지 않았습니다.",
    ),
    "error.cross_site.hint": (
        "Open Madang's own page and do it there.",
        "마당 페이지를 직접 열어서 다시 해 주세요.",
    ),
    "error.csrf_missing.message": (
        "The request does not carry the page's proof in X-Madang-CSRF, so nothing was changed.",
        "페이지의 확인 값(X-Madang-CSRF)이 없거나 맞지 않아 아무것도 바꾸지 않았습니다.",
    ),
    "error.csrf_missing.hint": (
        "Reload the page and try again.",
        "페이지를 새로 고친 뒤 다시 해 주세요.",
    ),
    "error.login_state.message": (
        "The login could not be finished: it was not started in this browser, or more than 10 minutes ago.",
        "로그인을 마치지 못했습니다. 이 브라우저에서 시작한 로그인이 아니거나 10분이 지났습니다.",
    ),
    "error.login_state.hint": (
        "Open the page again; the login starts anew.",
        "페이지를 다시 열면 로그인을 처음부터 진행합니다.",
    ),
    "error.login_refused.message": (
        "The hub did not accept the login.",
        "허브가 로그인을 받아들이지 않았습니다.",
    ),
    "error.login_refused.hint": (
        "Log in at the hub again and open the page once more.",
        "허브에 다시 로그인한 뒤 페이지를 열어 주세요.",
    ),
    "error.hub_unreachable.message": (
        "The hub does not answer now ({given}).",
        "허브가 지금 응답하지 않습니다({given}).",
    ),
    "error.hub_unreachable.hint": (
        "Try again in a few seconds; what runs or waits is not touched.",
        "몇 초 뒤에 다시 시도해 주세요. 실행 중이거나 대기 중인 작업에는 영향이 없습니다.",
    ),
    "error.hub_refused.message": (
        "The hub refused to start the server (status {given}).",
        "허브가 서버 시작을 거절했습니다(상태 {given}).",
    ),
    "error.hub_refused.hint": (
        "Start the server from the hub's home page.",
        "허브 첫 화면에서 서버를 직접 시작해 주세요.",
    ),
    # What a request may hold
    "error.body_invalid.message": (
        "The field '{field}' does not fit: given was {given} – {limit}.",
        "'{field}' 항목이 맞지 않습니다. 받은 값: {given} – {limit}.",
    ),
    "error.body_invalid.hint": (
        "Correct the field and send the request again.",
        "항목을 고쳐서 다시 보내 주세요.",
    ),
    "error.query_invalid.message": (
        "'{field}' in the address or header does not fit: given was {given} – {limit}.",
        "주소나 헤더의 '{field}' 값이 맞지 않습니다. 받은 값: {given} – {limit}.",
    ),
    "error.query_invalid.hint": (
        "Correct the value and send the request again.",
        "값을 고쳐서 다시 보내 주세요.",
    ),
    "error.body_empty.message": (
        "The request has no body, but the notebook is expected in it.",
        "요청에 내용이 없습니다. 노트북이 들어 있어야 합니다.",
    ),
    "error.body_empty.hint": (
        "Send the .ipynb file as the body.",
        ".ipynb 파일을 요청 내용으로 보내 주세요.",
    ),
    "error.body_too_large.message": (
        "The request is too large: {given_bytes} bytes or more – at most {limit_bytes} bytes are taken.",
        "요청이 너무 큽니다. {given_bytes}바이트 이상인데 최대 {limit_bytes}바이트까지 받습니다.",
    ),
    "error.body_too_large.hint": (
        "Leave outputs and large files out, and read data from your project's folder instead.",
        "출력과 큰 파일은 빼고, 데이터는 프로젝트 폴더에서 읽도록 해 주세요.",
    ),
    "error.body_too_deep.message": (
        "The request is nested too deeply or has too many parts – at most {limit} levels and {parts} parts.",
        "요청의 중첩이 너무 깊거나 조각이 너무 많습니다. 최대 {limit}단계, 조각 {parts}개까지입니다.",
    ),
    "error.body_too_deep.hint": (
        "Pass large structures as a file of the run.",
        "복잡한 구조는 실행에 딸린 파일로 넘겨 주세요.",
    ),
    "error.body_unreadable.message": (
        "The body is no JSON in UTF-8: {given}.",
        "요청 내용이 UTF-8 JSON이 아닙니다: {given}.",
    ),
    "error.body_unreadable.hint": (
        "NaN and Infinity are no JSON; send null or a text instead.",
        "NaN과 Infinity는 JSON이 아닙니다. null이나 글자로 보내 주세요.",
    ),
    "error.content_type.message": (
        "The body's type is '{given}', but only {limit} is taken.",
        "요청 내용의 형식이 '{given}'인데 {limit}만 받습니다.",
    ),
    "error.content_type.hint": (
        "Send the header 'Content-Type: application/json'.",
        "'Content-Type: application/json' 헤더를 보내 주세요.",
    ),
    "error.file_not_base64.message": (
        "The content of the file '{given}' is no base64.",
        "'{given}' 파일의 내용이 base64가 아닙니다.",
    ),
    "error.file_not_base64.hint": (
        "Encode the bytes of the file as base64.",
        "파일 내용을 base64로 바꿔서 보내 주세요.",
    ),
    "error.request_unreadable.message": (
        "The request cannot be read ({given}).",
        "요청을 읽을 수 없습니다({given}).",
    ),
    "error.request_unreadable.hint": (
        "Compare it with the description of the API.",
        "API 설명과 비교해 보세요.",
    ),
    "error.not_found.message": (
        "There is nothing at the address {given}.",
        "{given} 주소에는 아무것도 없습니다.",
    ),
    "error.not_found.hint": (
        "Check the address, or start at Madang's home page.",
        "주소를 확인하시거나 마당 첫 화면에서 시작해 주세요.",
    ),
    "error.method_not_allowed.message": (
        "{path} does not take {given}.",
        "{path} 주소는 {given} 요청을 받지 않습니다.",
    ),
    "error.method_not_allowed.hint": (
        "The header Allow names what it takes.",
        "Allow 헤더에 쓸 수 있는 방식이 적혀 있습니다.",
    ),
    "error.too_many_streams.message": (
        "You have {limit} live pages open, which is the limit.",
        "실시간 페이지가 이미 {limit}개 열려 있어 더 열 수 없습니다.",
    ),
    "error.too_many_streams.hint": (
        "Close some tabs; this page stays usable and refreshes more slowly.",
        "탭을 몇 개 닫아 주세요. 이 페이지는 계속 쓸 수 있지만 갱신이 조금 느립니다.",
    ),
    "error.internal.message": (
        "Something in Madang went wrong that is not your fault (number {id}).",
        "마당 내부에서 문제가 생겼습니다. 이용자의 잘못이 아닙니다(번호 {id}).",
    ),
    "error.internal.hint": (
        "Try again; if it stays, give the number to an administrator, who finds it in the log.",
        "다시 시도해 보시고, 계속되면 관리자에게 번호를 알려 주세요. 로그에서 찾을 수 있습니다.",
    ),
    # Limits of fields, by pydantic's kinds of errors
    "given.nothing": ("nothing", "없음"),
    "limit.missing": ("it is required", "꼭 필요합니다"),
    "limit.extra_forbidden": ("there is no such field", "그런 항목은 없습니다"),
    "limit.string_type": ("a text is expected", "글자여야 합니다"),
    "limit.int_type": ("a whole number is expected", "정수여야 합니다"),
    "limit.int_from_float": ("a whole number is expected", "정수여야 합니다"),
    "limit.int_parsing": ("a whole number is expected", "정수여야 합니다"),
    "limit.int_parsing_size": ("the number is too large", "숫자가 너무 큽니다"),
    "limit.float_type": ("a number is expected", "숫자여야 합니다"),
    "limit.float_parsing": ("a number is expected", "숫자여야 합니다"),
    "limit.bool_type": ("true or false is expected", "true 또는 false여야 합니다"),
    "limit.bool_parsing": ("1 or 0 is expected", "1 또는 0이어야 합니다"),
    "limit.dict_type": ("an object is expected", "객체여야 합니다"),
    "limit.model_type": ("an object is expected", "객체여야 합니다"),
    "limit.model_attributes_type": ("an object is expected", "객체여야 합니다"),
    "error.output_no_notebook.message": (
        "What was handed in is no notebook; it begins with {given}.",
        "제출한 내용이 노트북이 아닙니다. 처음 부분: {given}",
    ),
    "error.output_no_notebook.hint": (
        "Send the executed notebook as JSON, an object from its first byte to its last.",
        "실행한 노트북을 JSON 객체 그대로 보내 주세요.",
    ),
    "limit.literal_error": ("expected is {expected}", "쓸 수 있는 값: {expected}"),
    "limit.greater_than_equal": ("at least {ge}", "{ge} 이상이어야 합니다"),
    "limit.less_than_equal": ("at most {le}", "{le} 이하여야 합니다"),
    "limit.string_too_long": ("at most {max_length} characters", "최대 {max_length}자입니다"),
    "limit.string_too_short": (
        "at least {min_length} characters",
        "{min_length}자 이상이어야 합니다",
    ),
    "limit.string_pattern_mismatch": (
        "it holds characters that are not allowed here",
        "여기에 쓸 수 없는 문자가 있습니다",
    ),
    "limit.string_unicode": (
        "it holds characters that are no text",
        "글자가 아닌 문자가 있습니다",
    ),
    "limit.too_long": ("at most {max_length} entries", "최대 {max_length}개입니다"),
    "limit.other": ("it has the wrong form", "형식이 맞지 않습니다"),
    # Starting the service
    "error.service_port_busy.message": (
        "The service cannot start: something else listens on {host}:{port} already.",
        "서비스를 시작할 수 없습니다. {host}:{port}을(를) 다른 프로그램이 이미 쓰고 있습니다.",
    ),
    "error.service_port_busy.hint": (
        "Stop the other program, or set MADANG_BIND_PORT to a free port.",
        "그 프로그램을 끝내거나 MADANG_BIND_PORT에 빈 포트를 지정해 주세요.",
    ),
    "error.service_port_unusable.message": (
        "The service cannot listen on {host}:{port}: {given}.",
        "{host}:{port}에서 서비스를 열 수 없습니다: {given}.",
    ),
    "error.service_port_unusable.hint": (
        "Set MADANG_BIND_HOST and MADANG_BIND_PORT to an address of this machine.",
        "MADANG_BIND_HOST와 MADANG_BIND_PORT에 이 컴퓨터의 주소를 지정해 주세요.",
    ),
    "error.service_setting_missing.message": (
        "The service cannot start: the setting {given} is missing or cannot be read.",
        "서비스를 시작할 수 없습니다. {given} 설정이 없거나 읽을 수 없습니다.",
    ),
    "error.service_setting_missing.hint": (
        "`madang up` sets it; a container gets it from its environment.",
        "`madang up`이 설정해 주는 값입니다. 컨테이너라면 환경 변수로 넣어 주세요.",
    ),
}
