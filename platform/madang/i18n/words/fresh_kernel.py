"""Why a run had a kernel of the ordinary, slower kind; for logs, outputs and pages."""

TEXTS = {
    "fresh_kernel.line": (
        "Ordinary kernel start: {why}",
        "커널을 일반 방식으로 시작했습니다: {why}",
    ),
    "fresh_kernel.asked": (
        "the notebook's metadata asks for it.",
        "노트북 메타데이터가 그렇게 요청했습니다.",
    ),
    "fresh_kernel.not_linux": (
        "fast starts need Linux.",
        "빠른 시작은 리눅스에서만 됩니다.",
    ),
    "fresh_kernel.other_kernel": (
        "the notebook uses another kernel than the plain one of this installation ({detail}).",
        "이 설치본의 기본 커널이 아닌 다른 커널을 사용하는 노트북입니다({detail}).",
    ),
    "fresh_kernel.no_parent": (
        "no warm process could be started.",
        "미리 준비된 프로세스를 시작하지 못했습니다.",
    ),
    "fresh_kernel.parent_died": (
        "the warm process was gone.",
        "미리 준비된 프로세스가 사라졌습니다.",
    ),
    "fresh_kernel.parent_silent": (
        "the warm process did not answer.",
        "미리 준비된 프로세스가 응답하지 않았습니다.",
    ),
    "fresh_kernel.growing_died": (
        "the process died that imported libraries or ran shared cells.",
        "라이브러리를 불러오거나 공유 셀을 실행하던 프로세스가 죽었습니다.",
    ),
    "fresh_kernel.names_missing": (
        "this version of ipykernel lacks what fast starts need ({detail}).",
        "이 ipykernel 버전에는 빠른 시작에 필요한 것이 없습니다({detail}).",
    ),
    "fresh_kernel.startup_files": (
        "your IPython profile runs code in every kernel ({detail}).",
        "IPython 프로필이 모든 커널에서 코드를 실행합니다({detail}).",
    ),
    "fresh_kernel.module_shadowed": (
        "{detail} in the notebook's folder has the name of a library that is loaded already.",
        "노트북 폴더의 {detail}이(가) 이미 불러온 라이브러리와 이름이 같습니다.",
    ),
    "fresh_kernel.threads": (
        "threads were running that a copy would not have ({detail}).",
        "복제본에는 없을 스레드가 실행 중이었습니다({detail}).",
    ),
    "fresh_kernel.native_threads": (
        "{detail} native threads of an unknown library were running.",
        "알 수 없는 라이브러리의 네이티브 스레드 {detail}개가 실행 중이었습니다.",
    ),
    "fresh_kernel.openmp_untested": (
        "an OpenMP library was loaded that is not known to survive a copy.",
        "복제해도 되는지 확인되지 않은 OpenMP 라이브러리를 불러왔습니다.",
    ),
    "fresh_kernel.openmp_busy": (
        "the OpenMP library could not be paused.",
        "OpenMP 라이브러리를 멈출 수 없었습니다.",
    ),
    "fresh_kernel.library_untested": (
        "{detail} was loaded, which is not known to survive a copy.",
        "복제해도 되는지 확인되지 않은 {detail}을(를) 불러왔습니다.",
    ),
    "fresh_kernel.cuda_in_use": (
        "a GPU was in use, and its state cannot be copied.",
        "GPU를 사용 중이었고, 그 상태는 복제할 수 없습니다.",
    ),
    "fresh_kernel.check_failed": (
        "it could not be checked that a copy is safe ({detail}).",
        "복제해도 안전한지 확인하지 못했습니다({detail}).",
    ),
    "fresh_kernel.import_not_silent": (
        "importing {detail} prints something that every run should show.",
        "{detail}을(를) 불러올 때 출력되는 내용이 실행마다 보여야 합니다.",
    ),
    "fresh_kernel.import_failed": (
        "a library could not be imported ahead ({detail}).",
        "라이브러리를 미리 불러오지 못했습니다({detail}).",
    ),
    "fresh_kernel.import_changed_environment": (
        "importing {detail} changes environment variables.",
        "{detail}을(를) 불러오면 환경 변수가 바뀝니다.",
    ),
    "fresh_kernel.shared_failed": (
        "shared cell {detail} failed when it ran for all runs.",
        "공유 셀 {detail}이(가) 모든 실행을 위해 실행되다가 실패했습니다.",
    ),
    "fresh_kernel.shared_wrote_descriptor": (
        "a shared cell wrote output past Python, as commands do.",
        "공유 셀이 명령처럼 파이썬을 거치지 않고 출력했습니다.",
    ),
    "fresh_kernel.shared_wrote_file": (
        "a shared cell changed {detail} in the notebook's folder.",
        "공유 셀이 노트북 폴더의 {detail}을(를) 바꾸었습니다.",
    ),
    "fresh_kernel.shared_left_task": (
        "a shared cell left an asynchronous task running.",
        "공유 셀이 비동기 작업을 끝내지 않고 남겼습니다.",
    ),
    "fresh_kernel.shared_left_open": (
        "a shared cell left a file or connection open ({detail}).",
        "공유 셀이 파일이나 연결을 열어 둔 채로 남겼습니다({detail}).",
    ),
    "fresh_kernel.shared_left_process": (
        "a shared cell left a process running ({detail}).",
        "공유 셀이 프로세스를 실행한 채로 남겼습니다({detail}).",
    ),
    "fresh_kernel.canary_hung": (
        "a trial copy hung for {detail} seconds.",
        "시험 복제본이 {detail}초 동안 멈춰 있었습니다.",
    ),
    "fresh_kernel.canary_failed": (
        "a trial copy failed ({detail}).",
        "시험 복제본이 실패했습니다({detail}).",
    ),
    "fresh_kernel.fork_hung": (
        "the fast start hung, so the notebook was run once more from its beginning.",
        "빠르게 시작한 커널이 멈춰서 노트북을 처음부터 다시 실행했습니다.",
    ),
}
