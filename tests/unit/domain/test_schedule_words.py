"""Cron lines in words: of common kinds only, and never wrong about the others."""

import pytest

from madang.domain.schedule_words import moment_text, when_text

SAID = {
    "0 2 * * *": ("every day at 02:00", "매일 02:00"),
    "30 9 * * MON-FRI": ("Monday to Friday at 09:30", "평일(월~금) 09:30"),
    "30 9 * * 1-5": ("Monday to Friday at 09:30", "평일(월~금) 09:30"),
    "5 0 * * 7,mon": ("every Monday, Sunday at 00:05", "매주 월요일, 일요일 00:05"),
    "0 6 * * 0-6": ("every day at 06:00", "매일 06:00"),
    "0 6 1 * *": ("on day 1 of each month at 06:00", "매월 1일 06:00"),
    "15 * * * *": ("every hour at minute 15", "매시 15분"),
    "*/20 * * * *": ("every 20 minutes", "20분마다"),
    "* * * * *": ("every minute", "1분마다"),
}
NOT_SAID = [
    *("*/7 * * * *", "0 6 1 * MON", "0 6 * 2 *", "0 6 * * MON#1", "0 6 * * 5L", "0 6 L * *"),
    *("0 6,18 * * *", "0 6 * * FRI-MON", "0 6 1,15 * *", "1-5 * * * *", "0 */2 * * *"),
]


@pytest.mark.parametrize(("cron", "said"), SAID.items())
def test_common_lines_are_said(cron, said):
    assert (when_text(cron, "en"), when_text(cron, "ko")) == said


@pytest.mark.parametrize("cron", NOT_SAID)
def test_other_lines_stay_as_they_are(cron):
    assert when_text(cron, "en") == f"cron {cron}"


def test_a_moment_is_told_by_the_clock_there():
    at_ms = 1_790_010_000_000
    assert moment_text(at_ms, "Asia/Seoul", "en") == "Tue 2026-09-22 02:00 KST"
    assert moment_text(at_ms, "America/New_York", "ko") == "2026-09-21 (월) 13:00 EDT"
