"""What every Launcher promises."""

from engines_house import House, spec


async def test_an_attempt_that_was_never_started(house: House) -> None:
    launcher = house.engine.launcher
    life = await launcher.observe("lease-a", 1)
    assert life.started_ms is None
    assert not life.is_alive
    await launcher.stop("lease-a", 1, 1_000)
    assert await launcher.alive() == []
    assert await launcher.endpoint("lease-a", 1) is None
    assert await launcher.log_tail("lease-a", 1, 1_000) == ""


async def test_starting_again_changes_nothing(house: House) -> None:
    launcher = house.engine.launcher
    await house.start(spec("lease-a"))
    first = await launcher.observe("lease-a", 1)
    for _ in range(3):
        await house.start(spec("lease-a"))
    again = await launcher.observe("lease-a", 1)
    assert first.started_ms == again.started_ms
    assert first.started_ms is not None
    if first.is_alive:
        assert ("lease-a", 1) in await launcher.alive()


async def test_an_end_is_seen_with_its_status(house: House) -> None:
    launcher = house.engine.launcher
    await house.start(spec("lease-a"))
    await house.finish("lease-a", 4)

    async def is_over() -> bool:
        return not (await launcher.observe("lease-a", 1)).is_alive

    await house.until(is_over)
    life = await launcher.observe("lease-a", 1)
    assert life.exit_code in ((4, None) if house.is_hostile else (4,))
    assert not life.was_told
    assert life.ended_ms is not None
    assert life.started_ms is not None
    assert life.ended_ms >= life.started_ms
    assert await launcher.alive() == []
    # What has ended is not started again, and may be stopped.
    await house.start(spec("lease-a"))
    await launcher.stop("lease-a", 1, 1_000)
    assert await launcher.observe("lease-a", 1) == life


async def test_an_end_is_hinted_at(house: House) -> None:
    """Whoever follows hears of an end without asking; the hostile engine tells nothing."""
    launcher, told = house.engine.launcher, []
    launcher.tell_ends(lambda: told.append(1))
    await house.start(spec("lease-a"))
    assert (await launcher.observe("lease-a", 1)).is_alive or house.is_hostile
    await house.finish("lease-a", 0)

    async def is_told() -> bool:
        return bool(told)

    if not house.is_hostile:
        await house.until(is_told)
        assert not (await launcher.observe("lease-a", 1)).is_alive
    await launcher.observe("lease-a", 1)
    launcher.tell_ends(None)
    count = len(told)
    await house.start(spec("lease-b"))
    await launcher.observe("lease-b", 1)
    await launcher.stop("lease-b", 1, 0)

    async def is_over() -> bool:
        return not (await launcher.observe("lease-b", 1)).is_alive

    await house.until(is_over)
    assert len(told) == count


async def test_stop_ends_it_within_the_grace(house: House) -> None:
    launcher = house.engine.launcher
    for name in ("lease-a", "lease-b"):
        await house.start(spec(name))
    for _ in range(3):
        await launcher.stop("lease-a", 1, 2_000)

    async def is_over() -> bool:
        return not (await launcher.observe("lease-a", 1)).is_alive

    await house.until(is_over)
    ended = await launcher.observe("lease-a", 1)
    assert ended.was_told or not ended.is_sure
    assert ("lease-a", 1) not in await launcher.alive()
    other = await launcher.observe("lease-b", 1)
    assert other.is_alive or not other.is_sure


async def test_attempts_are_lives_of_their_own(house: House) -> None:
    launcher = house.engine.launcher
    await house.start(spec("lease-a", 1))
    await launcher.stop("lease-a", 1, 0)

    async def is_over() -> bool:
        return not (await launcher.observe("lease-a", 1)).is_alive

    await house.until(is_over)
    await house.start(spec("lease-a", 2))
    assert (await launcher.observe("lease-a", 2)).started_ms is not None
    assert not (await launcher.observe("lease-a", 1)).is_alive
    assert (await launcher.log_tail("lease-a", 2, 10_000)) != "" or not house.is_hostile


async def test_a_deadline_ends_what_nobody_stops(house: House) -> None:
    launcher = house.engine.launcher
    await house.start(spec("lease-a", deadline_ms=800, grace_ms=5_000))
    await house.start(spec("lease-b", deadline_ms=3_600_000))

    async def is_over() -> bool:
        return not (await launcher.observe("lease-a", 1)).is_alive

    await house.until(is_over)
    life = await launcher.observe("lease-a", 1)
    assert life.is_overdue or not life.is_sure
    other = await launcher.observe("lease-b", 1)
    assert other.is_alive or not other.is_sure
    assert not other.is_overdue


async def test_a_deadline_that_is_moved_counts_and_is_harmless_for_what_is_gone(
    house: House,
) -> None:
    launcher = house.engine.launcher
    await launcher.set_deadline("lease-never", 1, 1)
    await house.start(spec("lease-a", deadline_ms=3_600_000, grace_ms=5_000))
    await launcher.set_deadline("lease-a", 1, 100)

    async def is_over() -> bool:
        return not (await launcher.observe("lease-a", 1)).is_alive

    await house.until(is_over)
    life = await launcher.observe("lease-a", 1)
    assert life.is_overdue or not life.is_sure
    await launcher.set_deadline("lease-a", 1, 3_600_000)
    assert await launcher.observe("lease-a", 1) == life
