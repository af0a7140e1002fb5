"""Texts about two sweeps side by side on the command line."""

TEXTS = {
    "column.fact": ("what", "항목"),
    "column.device_hours": ("device-hours", "장치·시간"),
    "column.first": ("first", "첫째"),
    "column.second": ("second", "둘째"),
    "column.difference": ("difference", "차이"),
    "cli.median_of": ("median {name}", "중앙값 {name}"),
    "cli.compared": (
        "Runs of the same parameters: {count} pairs; {first} only in the first, {second} only in the second. Each pair: --csv",
        "매개변수가 같은 실행: {count}쌍, 첫째에만 {first}건, 둘째에만 {second}건. 쌍마다 보려면 --csv",
    ),
    "cli.csv_or_json": (
        "--csv and --json are two ways to print the same: give one of them.",
        "--csv와 --json은 출력 형식만 다릅니다. 둘 중 하나만 주세요.",
    ),
}
