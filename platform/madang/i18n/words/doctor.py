"""What `madang doctor` finds: what it is, why it matters, and the next step."""

TEXTS = {
    "doctor.driver.ok": ("No NVIDIA GPU without a driver", "드라이버가 없는 NVIDIA GPU는 없습니다"),
    "doctor.driver.bad": (
        "There is an NVIDIA GPU and its driver is not loaded",
        "NVIDIA GPU가 있지만 드라이버가 로드되어 있지 않습니다",
    ),
    "doctor.driver.why": (
        "Until it is, only simulated GPUs can be shared.",
        "드라이버가 없으면 시뮬레이션 GPU만 나눠 쓸 수 있습니다.",
    ),
    "doctor.driver.next": (
        "Install the driver (580 or newer), or load it with: modprobe nvidia. After an update of the kernel its module must be built anew (dkms status).",
        "580 이상 드라이버를 설치하거나 modprobe nvidia 로 로드해 주세요. 커널을 업데이트한 뒤라면 모듈을 다시 만들어야 합니다(dkms status).",
    ),
    "doctor.driver_mismatch.ok": (
        "Driver library and kernel module are of one version",
        "드라이버 라이브러리와 커널 모듈의 버전이 같습니다",
    ),
    "doctor.driver_mismatch.bad": (
        "The kernel module is {module} and the driver library is {library}: they do not fit together",
        "커널 모듈({module})과 드라이버 라이브러리({library})의 버전이 다릅니다",
    ),
    "doctor.driver_mismatch.why": (
        "The driver was updated under the running kernel: what starts now cannot use a GPU.",
        "실행 중에 드라이버가 업데이트되어, 새로 시작하는 작업이 GPU를 쓸 수 없습니다.",
    ),
    "doctor.driver_mismatch.next": (
        "Restart the machine when nothing runs any more, or unload and load the nvidia modules.",
        "실행 중인 작업이 없을 때 컴퓨터를 다시 시작하거나 nvidia 모듈을 다시 로드해 주세요.",
    ),
    "doctor.driver_silent.ok": ("The driver answers", "드라이버가 응답합니다"),
    "doctor.driver_silent.bad": (
        "The NVIDIA driver {module} is loaded and does not answer: {why}",
        "NVIDIA 드라이버 {module}이(가) 로드되어 있지만 응답하지 않습니다: {why}",
    ),
    "doctor.driver_silent.why": (
        "Devices cannot be read, so that none can be given out.",
        "장치를 읽을 수 없어 아무에게도 나눠 줄 수 없습니다.",
    ),
    "doctor.driver_silent.next": (
        "Try `nvidia-smi`; in a container, start it with the NVIDIA runtime. Look at: dmesg | grep NVRM",
        "`nvidia-smi`를 실행해 보세요. 컨테이너라면 NVIDIA 런타임으로 시작해야 합니다. dmesg | grep NVRM 도 확인해 주세요.",
    ),
    "doctor.driver_old.ok": (
        "The driver {driver} is new enough for {name}",
        "드라이버 {driver}은(는) {name}에 맞습니다",
    ),
    "doctor.driver_old.bad": (
        "The driver {driver} is older than {name} needs ({least})",
        "드라이버 {driver}이(가) {name}에 필요한 버전({least})보다 오래되었습니다",
    ),
    "doctor.driver_old.why": (
        "cuDF and PyTorch of this CUDA version fail at their first use of a GPU.",
        "이 CUDA 버전의 cuDF와 PyTorch는 GPU를 처음 쓰는 순간 실패합니다.",
    ),
    "doctor.driver_old.next": (
        "Update the driver to {least} or newer, or install the wheels for CUDA 12 (-cu12).",
        "드라이버를 {least} 이상으로 업데이트하거나 CUDA 12용 패키지(-cu12)를 설치해 주세요.",
    ),
    "doctor.stub.ok": ("No stub packages of RAPIDS", "RAPIDS 이름만 빌린 빈 패키지는 없습니다"),
    "doctor.stub.bad": (
        "The package {name} {version} is an empty stub of 2020, not RAPIDS",
        "{name} {version}은(는) RAPIDS가 아니라 2020년의 빈 패키지입니다",
    ),
    "doctor.stub.why": (
        "It hides the real one and fails at import.",
        "진짜 패키지를 가려서 import할 때 실패합니다.",
    ),
    "doctor.stub.next": (
        "Run: pip uninstall {name} && pip install {name}-cu13",
        "pip uninstall {name} && pip install {name}-cu13 을 실행해 주세요.",
    ),
    "doctor.mig.ok": (
        "GPU {number} is cut into MIG instances",
        "GPU {number}번이 MIG 인스턴스로 나뉘어 있습니다",
    ),
    "doctor.mig.bad": (
        "GPU {number} is in MIG mode and has no instance",
        "GPU {number}번이 MIG 모드이지만 인스턴스가 없습니다",
    ),
    "doctor.mig.why": (
        "In this mode the whole GPU can do no work, and there is nothing to give out instead.",
        "이 모드에서는 GPU 전체를 쓸 수 없고, 나눠 줄 인스턴스도 없습니다.",
    ),
    "doctor.mig.next": (
        "Make instances (nvidia-smi mig -cgi …), or turn the mode off: nvidia-smi -i {number} -mig 0",
        "인스턴스를 만들거나(nvidia-smi mig -cgi …) 모드를 꺼 주세요: nvidia-smi -i {number} -mig 0",
    ),
    "doctor.persistence.ok": (
        "GPU {number} keeps its driver loaded",
        "GPU {number}번의 지속 모드가 켜져 있습니다",
    ),
    "doctor.persistence.bad": (
        "Persistence mode of GPU {number} is off",
        "GPU {number}번의 지속 모드가 꺼져 있습니다",
    ),
    "doctor.persistence.why": (
        "Each first use of a GPU then takes seconds longer, and counters are lost in between.",
        "GPU를 처음 쓸 때마다 몇 초씩 더 걸리고, 그 사이 기록이 사라집니다.",
    ),
    "doctor.persistence.next": (
        "Run: nvidia-smi -pm 1, or enable the service nvidia-persistenced.",
        "nvidia-smi -pm 1 을 실행하거나 nvidia-persistenced 서비스를 켜 주세요.",
    ),
    "doctor.ecc.ok": (
        "No uncorrected memory errors on GPU {number}",
        "GPU {number}번에 정정되지 않은 메모리 오류가 없습니다",
    ),
    "doctor.ecc.bad": (
        "GPU {number} had {count} uncorrected memory errors since the driver was loaded",
        "GPU {number}번에서 드라이버 로드 이후 정정되지 않은 메모리 오류가 {count}번 있었습니다",
    ),
    "doctor.ecc.why": (
        "What was computed there may be wrong, and programs may have been ended.",
        "그 GPU에서 계산한 결과가 틀렸거나 프로그램이 종료되었을 수 있습니다.",
    ),
    "doctor.ecc.next": (
        "Drain it (madang devices drain ID --reason …), reset it when it is free, and replace it if it comes again.",
        "madang devices drain ID --reason … 으로 빼고, 비었을 때 초기화해 주세요. 되풀이되면 교체해야 합니다.",
    ),
    "doctor.remap.ok": (
        "No memory of GPU {number} waits to be replaced",
        "GPU {number}번에 교체를 기다리는 메모리가 없습니다",
    ),
    "doctor.remap.bad": (
        "GPU {number} has broken memory that is replaced at its next reset",
        "GPU {number}번에 다음 초기화 때 교체될 고장 난 메모리가 있습니다",
    ),
    "doctor.remap.why": ("Until then errors come again.", "그때까지 오류가 되풀이될 수 있습니다."),
    "doctor.remap.next": (
        "Drain the device, then reset it or restart the machine.",
        "장치를 빼고, 초기화하거나 컴퓨터를 다시 시작해 주세요.",
    ),
    "doctor.held.ok": (
        "GPU {number} is used by Madang's leases only",
        "GPU {number}번은 마당의 리스만 쓰고 있습니다",
    ),
    "doctor.held.bad": (
        "GPU {number} is used from outside: {who}",
        "GPU {number}번을 마당 밖의 프로그램이 쓰고 있습니다: {who}",
    ),
    "doctor.held.why": (
        "Whoever is given this device finds it busy and its memory taken, and pays for it.",
        "이 장치를 배정받은 사람은 이미 쓰이는 GPU에 비용을 내게 됩니다.",
    ),
    "doctor.held.next": (
        "Ask its owner to end it or to start it through Madang, or drain the device until then.",
        "주인에게 종료하거나 마당을 거쳐 시작하도록 요청하고, 그때까지 장치를 빼 두세요.",
    ),
    "doctor.xid.ok": (
        "The kernel has logged no fault of a GPU",
        "커널 로그에 GPU 고장 기록이 없습니다",
    ),
    "doctor.xid.bad": (
        "The kernel has logged faults of a GPU: Xid {codes}",
        "커널 로그에 GPU 고장이 있습니다: Xid {codes}",
    ),
    "doctor.xid.why": (
        "These codes are faults of the device or its link and no mistakes of a program.",
        "이 코드는 프로그램 실수가 아니라 장치나 연결의 고장입니다.",
    ),
    "doctor.xid.next": (
        "Drain the device, look the code up in NVIDIA's list of Xid errors, and restart the machine.",
        "장치를 빼고 NVIDIA의 Xid 목록에서 코드를 확인한 뒤 컴퓨터를 다시 시작해 주세요.",
    ),
    "doctor.network_disk.ok": (
        "The data folder lies on a local disk",
        "데이터 폴더가 로컬 디스크에 있습니다",
    ),
    "doctor.network_disk.bad": (
        "The data folder {path} lies on a network file system ({kind})",
        "데이터 폴더 {path}이(가) 네트워크 파일 시스템({kind})에 있습니다",
    ),
    "doctor.network_disk.why": (
        "SQLite's locks cannot be trusted there: the ledger may be damaged.",
        "SQLite의 잠금을 믿을 수 없어 원장이 손상될 수 있습니다.",
    ),
    "doctor.network_disk.next": (
        "Move it to a local disk (MADANG_HOME), or use PostgreSQL with MADANG_DATABASE_URL.",
        "로컬 디스크로 옮기거나(MADANG_HOME) MADANG_DATABASE_URL로 PostgreSQL을 써 주세요.",
    ),
    "doctor.memory.ok": ("{free} GiB of memory are available", "사용할 수 있는 메모리: {free} GiB"),
    "doctor.memory.bad": (
        "Only {free} GiB of memory are available",
        "사용할 수 있는 메모리가 {free} GiB뿐입니다",
    ),
    "doctor.memory.why": (
        "A notebook with its kernel needs about 0.3 GiB before any data; without memory the kernel ends processes.",
        "노트북과 커널은 데이터 없이도 약 0.3 GiB가 필요하고, 메모리가 모자라면 커널이 프로세스를 강제로 끝냅니다.",
    ),
    "doctor.memory.next": (
        "See who uses it (ps --sort=-rss), let idle servers go, or give profiles less memory.",
        "누가 쓰는지 확인하고(ps --sort=-rss) 쉬는 서버를 끝내거나 프로필의 메모리를 줄여 주세요.",
    ),
    "doctor.shm.ok": ("{size} MiB of shared memory", "공유 메모리 {size} MiB"),
    "doctor.shm.bad": (
        "Only {size} MiB of shared memory (/dev/shm)",
        "공유 메모리(/dev/shm)가 {size} MiB뿐입니다",
    ),
    "doctor.shm.why": (
        "Data loaders of PyTorch pass batches through it and end with a bus error when it is full.",
        "PyTorch의 데이터 로더가 이곳으로 배치를 주고받으며, 가득 차면 bus error로 끝납니다.",
    ),
    "doctor.shm.next": (
        "In a container start it with --shm-size=8g; else: mount -o remount,size=8g /dev/shm",
        "컨테이너라면 --shm-size=8g 로 시작하고, 아니면 mount -o remount,size=8g /dev/shm 을 실행해 주세요.",
    ),
    "doctor.files.ok": ("{soft} files may be open at once", "동시에 열 수 있는 파일: {soft}개"),
    "doctor.files.bad": (
        "Only {soft} files may be open at once",
        "동시에 열 수 있는 파일이 {soft}개뿐입니다",
    ),
    "doctor.files.why": (
        "Each person takes about twenty connections of proxy and hub; past the limit nobody gets in.",
        "사람마다 프록시와 허브의 연결을 스무 개쯤 쓰므로, 한도를 넘으면 아무도 들어올 수 없습니다.",
    ),
    "doctor.files.next": (
        "Before `madang up`: ulimit -n {least} (the hard limit is {hard}); in a systemd unit: LimitNOFILE=65536",
        "`madang up` 전에 ulimit -n {least} 를 실행하거나(최대 {hard}) systemd 유닛에 LimitNOFILE=65536을 넣어 주세요.",
    ),
    "doctor.watches.ok": ("Files can be watched for changes", "파일 변경을 감시할 수 있습니다"),
    "doctor.watches.bad": (
        "Few files can be watched for changes ({watches} watches, {instances} instances)",
        "감시할 수 있는 파일이 적습니다(watches {watches}, instances {instances})",
    ),
    "doctor.watches.why": (
        "JupyterLab and editors of several people soon reach that and miss changes.",
        "여러 사람이 JupyterLab과 편집기를 쓰면 금방 한도에 닿아 변경을 놓칩니다.",
    ),
    "doctor.watches.next": (
        "Run: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024",
        "sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024 를 실행해 주세요.",
    ),
    "doctor.clock_kept.ok": (
        "The clock is kept in step, or cannot be asked",
        "시계가 동기화되어 있습니다(또는 확인할 수 없습니다)",
    ),
    "doctor.clock_kept.bad": ("The clock is not synchronised", "시계가 동기화되어 있지 않습니다"),
    "doctor.clock_kept.why": (
        "Bills and time limits follow the clock; a jump makes both wrong.",
        "요금과 시간 제한은 시계를 따르므로, 시각이 튀면 둘 다 틀어집니다.",
    ),
    "doctor.clock_kept.next": (
        "Run: timedatectl set-ntp true, or install chrony.",
        "timedatectl set-ntp true 를 실행하거나 chrony를 설치해 주세요.",
    ),
    "doctor.http_proxy.ok": (
        "No proxy of the network stands in front of loopback",
        "네트워크 프록시가 루프백을 가로막지 않습니다",
    ),
    "doctor.http_proxy.bad": (
        "{name} ({host}) would be asked even for 127.0.0.1",
        "127.0.0.1로 가는 요청까지 {name}({host})을(를) 거치게 됩니다",
    ),
    "doctor.http_proxy.why": (
        "Notebooks, Dask and scripts then cannot reach Madang on this machine, and may show tokens to the proxy.",
        "노트북과 Dask, 스크립트가 이 컴퓨터의 마당에 닿지 못하고, 토큰이 프록시에 보일 수 있습니다.",
    ),
    "doctor.http_proxy.next": (
        "Set: NO_PROXY=localhost,127.0.0.1",
        "NO_PROXY=localhost,127.0.0.1 로 정해 주세요.",
    ),
    "doctor.private.ok": ("{path} is private", "{path}은(는) 나만 읽을 수 있습니다"),
    "doctor.private.bad": (
        "{path} may be read by others",
        "{path}을(를) 다른 사용자도 읽을 수 있습니다",
    ),
    "doctor.private.why": (
        "It holds a token: whoever reads it can act as its owner.",
        "토큰이 들어 있어, 읽는 사람이 주인 행세를 할 수 있습니다.",
    ),
    "doctor.private.next": ("Run: chmod 600 {path}", "chmod 600 {path} 을 실행해 주세요."),
    "doctor.stale.ok": (
        "No parts are left of an `up` that was killed",
        "강제 종료된 `up`이 남긴 구성 요소가 없습니다",
    ),
    "doctor.stale.bad": (
        "An `up` of {home} was killed, and these go on without it: {parts}",
        "{home}의 `up`이 강제로 종료되었고, 다음 구성 요소가 남아 있습니다: {parts}",
    ),
    "doctor.stale.why": (
        "Nobody restarts a part that ends now.",
        "지금 구성 요소가 멈추면 다시 시작해 줄 것이 없습니다.",
    ),
    "doctor.stale.next": (
        "Start `madang up` again: it takes over, and kernels go on.",
        "`madang up`을 다시 시작해 주세요. 이어받아 실행되고 커널은 그대로입니다.",
    ),
    "doctor.others.ok": (
        "One installation uses the data folder",
        "데이터 폴더를 한 설치본만 씁니다",
    ),
    "doctor.others.bad": (
        "Processes of another installation use the data folder {home}: pid {pids}",
        "다른 설치본의 프로세스가 데이터 폴더 {home}을(를) 함께 쓰고 있습니다: pid {pids}",
    ),
    "doctor.others.why": (
        "Two services that write one database decide twice who gets a device.",
        "서비스 두 개가 한 데이터베이스에 쓰면 장치를 두 번 나눠 주게 됩니다.",
    ),
    "doctor.others.next": (
        "Stop them (look with: ps -fp {pids}), or give one of them another MADANG_HOME.",
        "ps -fp {pids} 로 확인해 멈추거나, 한쪽에 다른 MADANG_HOME을 지정해 주세요.",
    ),
    "doctor.kernel.ok": ("The kernel's program is there", "커널 프로그램이 있습니다"),
    "doctor.kernel.bad": (
        "The kernel '{name}' points to {program}, which is not there ({path})",
        "커널 '{name}'이(가) 없는 프로그램을 가리킵니다: {program} ({path})",
    ),
    "doctor.kernel.why": (
        "Notebooks with this kernel do not start.",
        "이 커널을 쓰는 노트북이 시작되지 않습니다.",
    ),
    "doctor.kernel.next": (
        "Make its environment again, or take it away: jupyter kernelspec remove {name}",
        "환경을 다시 만들거나 jupyter kernelspec remove {name} 으로 지워 주세요.",
    ),
    "doctor.kernels.ok": ("Kernels: {names}", "커널: {names}"),
    "doctor.kernels.bad": ("There is no kernel for notebooks", "노트북에 쓸 커널이 없습니다"),
    "doctor.kernels.why": (
        "A notebook opens, and no cell can run.",
        "노트북이 열려도 셀을 실행할 수 없습니다.",
    ),
    "doctor.kernels.next": (
        "Run: python -m pip install ipykernel",
        "python -m pip install ipykernel 을 실행해 주세요.",
    ),
    "doctor.python.why": (
        "Its libraries have no build for this version.",
        "이 버전용 라이브러리가 없습니다.",
    ),
    "doctor.folder.why": (
        "Ledger, logs and people's notebooks are kept there.",
        "원장과 로그, 노트북이 이 폴더에 저장됩니다.",
    ),
    "doctor.disk.why": (
        "On a full disk nothing new starts, and notebooks cannot be saved.",
        "디스크가 가득 차면 새 작업을 시작할 수 없고 노트북도 저장되지 않습니다.",
    ),
    "doctor.port.why": (
        "`madang up` cannot listen there.",
        "`madang up`이 그 포트를 쓸 수 없습니다.",
    ),
    "doctor.node.why": (
        "Without a proxy nobody reaches the hub.",
        "프록시가 없으면 아무도 허브에 들어올 수 없습니다.",
    ),
    "doctor.gpu.why": ("There is nothing real to share.", "나눠 쓸 실제 GPU가 없습니다."),
    "doctor.clock.why": (
        "Bills and time limits follow the clock.",
        "요금과 시간 제한은 시계를 따릅니다.",
    ),
    "doctor.part.why": (
        "Until it answers, some pages or all of them do not open.",
        "응답할 때까지 일부 또는 모든 페이지가 열리지 않습니다.",
    ),
    "doctor.tls.why": (
        "Browsers refuse a certificate that has expired.",
        "브라우저는 만료된 인증서를 거부합니다.",
    ),
    "doctor.tls_file.why": (
        "Without it nobody can connect.",
        "인증서가 없으면 아무도 연결할 수 없습니다.",
    ),
    "doctor.fast_start.why": (
        "Servers start slower than they could.",
        "서버가 더 느리게 시작됩니다.",
    ),
}
