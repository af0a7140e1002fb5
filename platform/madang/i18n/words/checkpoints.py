"""What a run says of the cells that it has kept and goes on from; for logs and pages."""

TEXTS = {
    "checkpoint.saved": (
        "Saved after cell {cell} ({mib} MiB in {s} s): if the run is interrupted, it goes on"
        " from there.",
        "셀 {cell}까지의 상태를 저장했습니다({mib} MiB, {s}초). 실행이 중단되면 여기서 이어서"
        " 시작합니다.",
    ),
    "checkpoint.resumed": (
        "Resumed after cell {cell}: the outputs up to there are those of the earlier attempt.",
        "셀 {cell} 다음부터 이어서 실행합니다. 거기까지의 출력은 이전 시도의 것입니다.",
    ),
    "checkpoint.changed": (
        "Starting from the beginning: notebook, files, parameters or environment are not those of"
        " the saved attempt.",
        "저장된 시도와 노트북, 파일, 매개변수 또는 환경이 달라 처음부터 시작합니다.",
    ),
    "checkpoint.restore_failed": (
        "Starting from the beginning: the saved state could not be loaded ({why}).",
        "저장된 상태를 불러오지 못해 처음부터 시작합니다({why}).",
    ),
    "checkpoint.refused": (
        "Cell {cell}: {why} {then}",
        "셀 {cell}: {why} {then}",
    ),
    "checkpoint.then_cell": (
        "Resume starts after cell {cell}.",
        "다시 시작하면 셀 {cell} 다음부터 이어집니다.",
    ),
    "checkpoint.then_start": (
        "Resume starts from the beginning.",
        "다시 시작하면 처음부터 실행합니다.",
    ),
    "checkpoint.refused.names": (
        "{names} can't be saved. Delete it before the cell ends (`del`), or make it again where it"
        " is used.",
        "{names}은(는) 저장할 수 없습니다. 셀이 끝나기 전에 `del`로 지우거나 쓰는 곳에서 다시"
        " 만들어 주세요.",
    ),
    "checkpoint.refused.too_large": (
        "variables and files are larger than a checkpoint may be ({mib} MiB). Save what you need"
        " yourself in the folder that MADANG_CHECKPOINT_DIR names.",
        "변수와 파일이 저장 한도({mib} MiB)보다 큽니다. 필요한 것만 MADANG_CHECKPOINT_DIR이"
        " 가리키는 폴더에 직접 저장해 주세요.",
    ),
    "checkpoint.refused.no_cloudpickle": (
        "the environment has no cloudpickle 2 or newer, so nothing is saved. Add cloudpickle to its"
        " packages.",
        "이 환경에 cloudpickle 2 이상이 없어 아무것도 저장하지 않습니다. 환경의 패키지에"
        " cloudpickle을 추가해 주세요.",
    ),
    "checkpoint.refused.disk": (
        "the state could not be written ({detail}).",
        "상태를 디스크에 쓰지 못했습니다({detail}).",
    ),
    "checkpoint.refused.room": (
        "there is too little room on the disk of your home folder to save the state.",
        "홈 폴더가 있는 디스크에 공간이 부족해 상태를 저장하지 않았습니다.",
    ),
    "checkpoint.refused.check_time": (
        "loading what was saved took too long, so it is not relied on.",
        "저장한 상태를 불러와 확인하는 데 너무 오래 걸려 사용하지 않습니다.",
    ),
    "checkpoint.refused.check_died": (
        "loading what was saved ended the process that tried it, so it is not relied on.",
        "저장한 상태를 불러와 확인하던 프로세스가 죽어 사용하지 않습니다.",
    ),
    "checkpoint.refused.check_failed": (
        "what was saved could not be loaded ({detail}), so it is not relied on.",
        "저장한 상태를 다시 불러올 수 없어({detail}) 사용하지 않습니다.",
    ),
    "checkpoint.refused.interrupted": (
        "saving the state took too long or was interrupted.",
        "상태를 저장하는 데 너무 오래 걸렸거나 중간에 멈췄습니다.",
    ),
    "checkpoint.refused.silent": (
        "the kernel did not answer when it was asked to save the state.",
        "상태를 저장하라는 요청에 커널이 응답하지 않았습니다.",
    ),
    "checkpoint.refused.failed": (
        "the state can't be saved as a whole. {detail}",
        "상태를 전체로 저장할 수 없습니다. {detail}",
    ),
    "checkpoint.lost.shared_memory": (
        "Note: {name} shared memory before; now each has its own copy.",
        "참고: {name}은(는) 이전에 같은 메모리를 공유했지만 이제는 각자 복사본입니다.",
    ),
    "checkpoint.lost.moved_path": (
        "Note: `{name}` names the working folder of the earlier attempt, which is gone.",
        "참고: `{name}`은(는) 이제 없어진 이전 시도의 작업 폴더를 가리킵니다.",
    ),
    "pages.run.resumed_after": (
        "Resumed after cell {cell}.",
        "셀 {cell} 다음부터 이어서 실행했습니다.",
    ),
    "pages.run.resumes_after": (
        "If you run it again, it resumes after cell {cell}.",
        "다시 실행하면 셀 {cell} 다음부터 이어집니다.",
    ),
    "fresh_kernel.restore_failed": (
        "the saved state could not be loaded, so the notebook starts again.",
        "저장된 상태를 불러오지 못해 노트북을 다시 시작했습니다.",
    ),
}
