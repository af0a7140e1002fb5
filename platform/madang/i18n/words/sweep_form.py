"""Texts about submitting a sweep: the form, a run that is tried first, a notebook's parameters."""

TEXTS = {
    "error.sweep_declined.message": (
        "The sweep '{name}' was not submitted, as you decided; the pilot run {run} is kept.",
        "스윕 '{name}'은(는) 결정하신 대로 제출하지 않았습니다. 시험 실행 {run}은(는) 남아 있습니다.",
    ),
    "error.sweep_declined.hint": (
        "Without a question it is submitted with --yes, or in Python by pilot=lambda plan: True.",
        "묻지 않고 제출하려면 --yes, 파이썬에서는 pilot=lambda plan: True 를 쓰세요.",
    ),
    "client.pilot_estimate": (
        "The pilot took {took} s. At that pace {runs} runs take {hours} device-hours and {cost} credits (at most {most_hours} and {most}), and {span} to the end while {parallel} run together. {left} credits are left.",
        "시험 실행은 {took}초 걸렸습니다. 모두 이만큼 걸리면 실행 {runs}건에 {hours} 장치·시간, {cost} 크레딧이 들고(최대 {most_hours} 장치·시간, {most} 크레딧), {parallel}건씩 함께 실행되면 {span} 뒤에 끝납니다. 남은 예산은 {left} 크레딧입니다.",
    ),
    "client.pilot_low": (
        "That is more than is left: runs that the budget does not carry wait until the project gets credits.",
        "남은 예산보다 많습니다. 예산이 모자란 실행은 프로젝트에 크레딧이 생길 때까지 기다립니다.",
    ),
    "client.pilot_ask": ("Submit all {runs} runs? [y/N]", "실행 {runs}건을 모두 제출할까요? [y/N]"),
    "cli.pilot_or_dry_run": (
        "--dry-run submits nothing and --pilot submits a run: give one of them.",
        "--dry-run은 아무것도 제출하지 않고 --pilot은 실행 하나를 제출합니다. 둘 중 하나만 주세요.",
    ),
    "cli.no_parameters_cell": (
        "The notebook has no cell tagged 'parameters', so that it takes none.",
        "노트북에 'parameters' 태그가 붙은 셀이 없어서 받을 수 있는 매개변수가 없습니다.",
    ),
    "column.type": ("type", "종류"),
    "column.default": ("default", "기본값"),
    "column.help": ("help", "설명"),
    "services.sweep.pilot_name": ("{name} (pilot)", "{name} (시험 실행)"),
    "pages.act.new_sweep": ("New sweep", "새 스윕"),
    "pages.sweep_new.title": ("New sweep", "새 스윕"),
    "pages.sweep_new.lead": (
        "One notebook, many sets of parameters: each combination of the values becomes a run.",
        "노트북 하나를 여러 매개변수로 실행합니다. 값의 조합마다 실행이 하나씩 만들어집니다.",
    ),
    "pages.sweep_new.notebook_help": (
        "A .ipynb file. Its parameters are read when you choose it; nothing of it is run.",
        ".ipynb 파일을 골라 주세요. 고르면 매개변수만 읽고, 코드는 실행하지 않습니다.",
    ),
    "pages.sweep_new.no_cell": (
        "This notebook has no cell tagged “parameters” that gives names a value.",
        "이 노트북에는 값을 정해 둔 ‘parameters’ 태그 셀이 없습니다.",
    ),
    "pages.sweep_new.no_cell_1": (
        "Put what should vary into one cell, such as lr = 0.1.",
        "바꿔 볼 값을 lr = 0.1처럼 한 셀에 모아 주세요.",
    ),
    "pages.sweep_new.no_cell_2": (
        "In JupyterLab select that cell, open the gear at the upper right, and add the tag “parameters”.",
        "JupyterLab에서 그 셀을 선택하고, 오른쪽 위 톱니바퀴에서 ‘parameters’ 태그를 추가해 주세요.",
    ),
    "pages.sweep_new.no_cell_3": (
        "Save the notebook, and choose the file here again.",
        "노트북을 저장한 뒤 여기에서 파일을 다시 골라 주세요.",
    ),
    "pages.sweep_new.values_help": (
        "One value, several with commas, or a range with both its ends. Put text with commas into quotes; a list counts as one value:",
        "값 하나, 쉼표로 나눈 여러 값, 또는 양 끝을 포함하는 범위를 쓰세요. 쉼표가 든 글자는 따옴표로 묶고, 목록은 값 하나로 셉니다:",
    ),
    "pages.sweep_new.every": (
        "What you leave empty keeps the notebook's own value.",
        "비워 두면 노트북에 적힌 값을 그대로 씁니다.",
    ),
    "pages.sweep_new.table": ("Table of parameters (if you have one)", "매개변수 표 (있을 때만)"),
    "pages.sweep_new.table_help": (
        "CSV with a line of names, or JSON. Each row is a run; with values above too, each row meets each of them.",
        "첫 줄에 이름이 있는 CSV나 JSON 파일입니다. 행마다 실행이 하나씩 만들어지고, 위에 값도 쓰면 행마다 그 값들과 조합됩니다.",
    ),
    "pages.sweep_new.no_table": ("Without the table", "표 빼기"),
    "pages.sweep_new.parallel_help": (
        "So many slots at most, while devices are free; each works on one run, or on as many as may "
        "share a device.",
        "장치가 비어 있을 때 이 수까지 슬롯을 엽니다. 슬롯마다 실행 하나를, 장치를 나눠 쓰게 했다면 그 수만큼 "
        "맡습니다.",
    ),
    "pages.sweep_new.plan_empty": (
        "What it will cost shows here once there are values.",
        "값을 쓰면 비용이 여기에 나타납니다.",
    ),
    "pages.sweep_new.most_hours": ("Device time at most", "최대 장치 시간"),
    "pages.sweep_new.most_cost": ("Cost at most", "최대 비용"),
    "pages.sweep_new.left": ("Left in the budget", "남은 예산"),
    "pages.sweep_new.expected_hours": ("Device time expected", "예상 장치 시간"),
    "pages.sweep_new.expected_cost": ("Cost expected", "예상 비용"),
    "pages.sweep_new.expected_time": ("Until all are done", "모두 끝날 때까지"),
    "pages.sweep_new.first": ("The first runs:", "처음 실행될 조합:"),
    "pages.sweep_new.submit": ("Submit sweep", "스윕 제출"),
    "pages.sweep_new.pilot": ("Try one first", "하나만 먼저 실행"),
    "pages.sweep_new.pilot_help": (
        "Runs the first combination alone, to see whether it works and how long it takes. It is an ordinary run and costs what it takes; this page stays as it is.",
        "첫 조합만 실행해서 잘 되는지, 얼마나 걸리는지 봅니다. 보통 실행과 똑같이 비용이 들고, 이 페이지의 내용은 그대로 남습니다.",
    ),
    "pages.sweep_new.pilot_open": ("Look at the pilot run (new tab)", "시험 실행 보기 (새 탭)"),
    "pages.sweep_new.say.plan_empty": (
        "What it will cost shows here once there are values.",
        "값을 쓰면 비용이 여기에 나타납니다.",
    ),
    "pages.sweep_new.say.submit": ("Submit sweep", "스윕 제출"),
    "pages.sweep_new.say.submit_runs": ("Submit {runs} runs", "실행 {runs}건 제출"),
    "pages.sweep_new.say.runs": ("Runs: {runs}", "실행 {runs}건"),
    "pages.sweep_new.say.reused": (
        "There already, taken over at no cost: {count}.",
        "이미 있어서 비용 없이 그대로 쓰는 결과: {count}건.",
    ),
    "pages.sweep_new.checkpoint": ("Seconds between saves", "저장 간격(초)"),
    "pages.sweep_new.checkpoint_usual": (
        "as the notebook says, or 30",
        "노트북에 적힌 대로, 없으면 30",
    ),
    "pages.sweep_new.checkpoint_help": (
        "A run saves its variables between cells this often, so that a later attempt goes on from there. Shorter loses less work when a machine fails; saving never takes more than a tenth of the time. From 1 to 86,400.",
        "셀 사이에서 이 간격으로 변수를 저장해 두고, 다시 실행할 때 거기서 이어 갑니다. 짧을수록 장비가 멈췄을 때 잃는 작업이 적고, 저장에는 전체 시간의 10분의 1까지만 씁니다. 1에서 86,400까지 쓸 수 있습니다.",
    ),
    "pages.sweep_new.notify": (
        "Tell me by mail or webhook when all runs have ended",
        "모든 실행이 끝나면 메일이나 웹훅으로 알리기",
    ),
    "pages.sweep_new.notify_help": (
        "For this sweep alone; your settings stay as they are. The list of notices shows it either way.",
        "이 스윕에만 해당하고 알림 설정은 그대로입니다. 알림 목록에는 언제나 나타납니다.",
    ),
    "pages.sweep_new.notify_nowhere": (
        "You have given no mail or web address yet.",
        "아직 메일이나 웹훅 주소가 없습니다.",
    ),
    "pages.sweep_new.notify_settings": ("Notice settings (new tab)", "알림 설정 (새 탭)"),
    "pages.sweep.notify": ("At the end", "끝나면"),
    "pages.sweep.notify_yes": ("mail or webhook", "메일이나 웹훅으로 알림"),
    "pages.sweep.notify_no": ("no mail, no webhook", "메일·웹훅 알림 없음"),
    "pages.sweep_new.say.more": ("and {count} more", "그 밖에 {count}건"),
    "pages.sweep_new.say.cells": (
        "Code cells: {count}. Parameters: {parameters}.",
        "코드 셀 {count}개, 매개변수 {parameters}개.",
    ),
    "pages.sweep_new.say.files": (
        "It reads files ({files}), which this form cannot send: submit it with `madang sweep` on a terminal.",
        "이 노트북이 읽는 파일({files})은 이 양식으로 보낼 수 없습니다. 터미널에서 `madang sweep`으로 제출해 주세요.",
    ),
    "pages.sweep_new.say.unless": ("{value} if left empty", "비워 두면 {value}"),
    "pages.sweep_new.say.no_values": (
        "Give at least one parameter a value, or choose a table.",
        "매개변수에 값을 하나 이상 쓰거나 표를 골라 주세요.",
    ),
    "pages.sweep_new.say.no_parameters": (
        "It has no parameters to vary; below is how to give it some.",
        "바꿔 볼 매개변수가 없습니다. 아래에서 추가하는 방법을 볼 수 있습니다.",
    ),
    "pages.sweep_new.say.table_kind": (
        "This table is neither CSV nor JSON. Save it as one of them; a parquet file is taken by `madang sweep --params` on a terminal.",
        "CSV나 JSON 파일이 아닙니다. 둘 중 하나로 저장해 주세요. parquet 파일은 터미널에서 `madang sweep --params`로 쓸 수 있습니다.",
    ),
    "pages.sweep_new.say.table_blank": (
        "This table is empty. Choose another one, or submit without it.",
        "표가 비어 있습니다. 다른 표를 고르거나 표를 빼 주세요.",
    ),
    "pages.sweep_new.say.low": (
        "More than the budget holds: if every run took its whole time, it would carry {runs} of {all}. The others would wait until the project gets credits.",
        "남은 예산보다 많습니다. 모든 실행이 시간 제한을 다 쓰면 {all}건 중 {runs}건만 실행되고, 나머지는 프로젝트에 크레딧이 생길 때까지 기다립니다.",
    ),
    "pages.sweep_new.say.low_measured": (
        "More than the budget holds: at the pilot's pace it carries about {runs} of {all} runs. The others will wait until the project gets credits.",
        "남은 예산보다 많습니다. 시험 실행만큼 걸리면 {all}건 중 약 {runs}건만 실행되고, 나머지는 프로젝트에 크레딧이 생길 때까지 기다립니다.",
    ),
    "pages.sweep_new.say.pilot_state": ("Pilot run: {state}", "시험 실행: {state}"),
    "pages.sweep_new.say.pilot_waits": (
        "It waits for a free place. You may go on filling in the form.",
        "빈자리를 기다리고 있습니다. 그동안 양식을 계속 고쳐도 됩니다.",
    ),
    "pages.sweep_new.say.pilot_cells": ("{done} of {total} cells", "셀 {total}개 중 {done}개"),
    "pages.sweep_new.say.pilot_took": (
        "It took {span}. What is expected above is that time for each run.",
        "{span} 걸렸습니다. 위의 예상은 모든 실행이 이만큼 걸릴 때의 값입니다.",
    ),
    "pages.sweep_new.say.pilot_failed": (
        "It did not get through: {error}",
        "끝까지 실행되지 못했습니다: {error}",
    ),
}
