"""Texts about what a run is given: notebook, parameters, files."""

TEXTS = {
    "error.parameters_not_json.message": (
        "Cannot use the parameters: '{where}' holds {given}, and only JSON values are taken "
        "(text, finite numbers, true, false, null, lists, tables with text keys).",
        "매개변수를 쓸 수 없습니다. '{where}'에 {given}이(가) 들어 있는데, JSON 값(글자, 유한한 수, true, false, null, 목록, 글자 키의 표)만 받을 수 있습니다.",
    ),
    "error.parameters_not_json.hint": (
        "Convert the value first, for example float(x), x.tolist() or str(x).",
        "먼저 float(x), x.tolist(), str(x) 등으로 바꿔 주세요.",
    ),
    "error.parameter_name_invalid.message": (
        "Cannot use the parameter name '{given}': a Python name is expected.",
        "매개변수 이름 '{given}'은(는) 쓸 수 없습니다. 파이썬 변수 이름이어야 합니다.",
    ),
    "error.parameter_name_invalid.hint": (
        "Use letters, digits and _, and begin with a letter.",
        "글자, 숫자, _만 쓰고 글자로 시작해 주세요.",
    ),
    "error.parameters_too_many.message": (
        "Too many parameters: {given} given, at most {limit} are taken.",
        "매개변수가 너무 많습니다. {given}개를 주셨고, {limit}개까지 받을 수 있습니다.",
    ),
    "error.parameters_too_many.hint": (
        "Put related values into one list or table.",
        "관련된 값을 목록이나 표 하나로 묶어 주세요.",
    ),
    "error.parameters_too_deep.message": (
        "The parameter '{where}' is nested too deeply: at most {limit} levels are taken.",
        "매개변수 '{where}'이(가) 너무 깊게 겹쳐 있습니다. {limit}단계까지 받을 수 있습니다.",
    ),
    "error.parameters_too_deep.hint": (
        "Make it flatter, or send it as a file with the run.",
        "구조를 펼치거나, 파일로 함께 보내 주세요.",
    ),
    "error.parameters_too_large.message": (
        "The parameters are too large: {given_bytes} bytes as JSON, at most {limit_bytes} are taken.",
        "매개변수가 너무 큽니다. JSON으로 {given_bytes}바이트이고, {limit_bytes}바이트까지 받을 수 있습니다.",
    ),
    "error.parameters_too_large.hint": (
        "Send large data as a file with the run.",
        "큰 데이터는 파일로 함께 보내 주세요.",
    ),
    "error.parameters_undeclared.message": (
        "The notebook does not declare these parameters: {given}. It declares: {known}.",
        "노트북에 선언되지 않은 매개변수입니다: {given}. 선언된 매개변수: {known}.",
    ),
    "error.parameters_undeclared.hint": (
        "Correct the names, or assign defaults in a cell tagged `parameters`.",
        "이름을 고치거나, `parameters` 태그를 붙인 셀에서 기본값을 정해 주세요.",
    ),
    "error.parameter_type_wrong.message": (
        "The parameter '{parameter}' wants {wanted}, as the notebook states; given was {given}.",
        "노트북에 따르면 매개변수 '{parameter}'은(는) {wanted} 형이어야 하는데, {given}이(가) 주어졌습니다.",
    ),
    "error.parameter_type_wrong.hint": (
        "Give a value of that type (digits as text in quotes: -p '{parameter}=\"5\"', in a grid "
        '{parameter}="5", in a table JSON or parquet), or change the annotation in the cell '
        "tagged `parameters`.",
        '그 형의 값을 주세요(숫자 모양의 글자는 따옴표로: -p \'{parameter}="5"\', 그리드는 {parameter}="5", 표는 JSON이나 parquet). 아니면 `parameters` 태그 셀의 주석(annotation)을 고쳐 주세요.',
    ),
    "error.parameter_missing.message": (
        "No value was given for {given}, and the notebook has no default.",
        "{given}의 값이 주어지지 않았고, 노트북에 기본값도 없습니다.",
    ),
    "error.parameter_missing.hint": (
        "Give it with -p {parameter}=…, in a grid or a table, or write a default into the cell "
        "tagged `parameters`.",
        "-p {parameter}=… 이나 그리드, 표로 값을 주거나, `parameters` 태그 셀에 기본값을 써 주세요.",
    ),
    "error.path_link_outside.message": (
        "The file '{given}', which the notebook declares, is a link to another place: {target}",
        "노트북에 선언된 파일 '{given}'은(는) 다른 곳을 가리키는 링크입니다: {target}",
    ),
    "error.path_link_outside.hint": (
        "If that file is meant to travel with the run, name it yourself with --file.",
        "그 파일을 정말 함께 보내려면 --file 로 직접 지정해 주세요.",
    ),
    "error.notebook_too_large.message": (
        "The notebook is too large: {given_bytes} bytes, at most {limit_bytes} are taken.",
        "노트북이 너무 큽니다. {given_bytes}바이트이고, {limit_bytes}바이트까지 받을 수 있습니다.",
    ),
    "error.notebook_too_large.hint": (
        "Clear its outputs; send data as files.",
        "출력을 지우고, 데이터는 파일로 보내 주세요.",
    ),
    "error.notebook_not_json.message": (
        "The notebook cannot be read as JSON: {given}",
        "노트북을 JSON으로 읽을 수 없습니다: {given}",
    ),
    "error.notebook_not_json.hint": (
        "Give an .ipynb file that Jupyter opens.",
        "Jupyter에서 열리는 .ipynb 파일을 주세요.",
    ),
    "error.notebook_not_notebook.message": (
        "The file is JSON but no notebook of format 4: {what} is missing or has another form.",
        "JSON 파일이지만 형식 4의 노트북이 아닙니다. {what} 부분이 없거나 형태가 다릅니다.",
    ),
    "error.notebook_not_notebook.hint": (
        "Open it in JupyterLab and save it again.",
        "JupyterLab에서 열어 다시 저장해 주세요.",
    ),
    "error.notebook_language.message": (
        "The notebook is written for {given}; runs execute Python notebooks.",
        "이 노트북은 {given}용입니다. 실행 작업은 파이썬 노트북만 돌릴 수 있습니다.",
    ),
    "error.notebook_language.hint": (
        "Choose a Python kernel in JupyterLab and save the notebook.",
        "JupyterLab에서 파이썬 커널을 고른 뒤 저장해 주세요.",
    ),
    "error.path_outside.message": (
        "Cannot use the file name '{given}': a relative name inside the run's folder is expected, "
        "without `..`, back-slashes or control characters, and used once.",
        "파일 이름 '{given}'은(는) 쓸 수 없습니다. 실행 폴더 안의 상대 이름이어야 하고, `..`, 역슬래시, 제어 문자가 없어야 하며, 한 번만 쓸 수 있습니다.",
    ),
    "error.path_outside.hint": (
        "Use a name such as data/input.csv.",
        "data/input.csv 같은 이름을 써 주세요.",
    ),
    "error.path_is_url.message": (
        "Cannot use '{given}': an address is not followed, a file is expected.",
        "'{given}'은(는) 쓸 수 없습니다. 주소는 열지 않으며, 파일이어야 합니다.",
    ),
    "error.path_is_url.hint": (
        "Download it first and give the path of the file.",
        "먼저 내려받은 뒤 파일 경로를 주세요.",
    ),
    "error.files_too_large.message": (
        "The files of the run are too large: {given} files with {given_bytes} bytes; at most "
        "{limit} files with {limit_bytes} bytes together are taken.",
        "함께 보낼 파일이 너무 큽니다. {given}개, {given_bytes}바이트이고, 모두 합해 {limit}개, {limit_bytes}바이트까지 받을 수 있습니다.",
    ),
    "error.files_too_large.hint": (
        "Read large data from shared storage inside the notebook.",
        "큰 데이터는 노트북 안에서 공유 저장소로부터 읽어 주세요.",
    ),
}
