"""What is supervised runs again, whatever kept it from doing so."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from config.embedded.supervisor import Program, Supervisor
from tests.agent.conftest import until

GOES = "#!/bin/sh\nmv $0 $0.away\n"


async def test_what_could_not_be_started_again_is_tried_on(tmp_path: Path) -> None:
    """As with a machine that has no memory left for a moment: here the program itself is not there."""
    script, said = tmp_path / "script", list[str]()
    script.write_text(GOES)
    script.chmod(0o700)
    supervisor = Supervisor(tmp_path / "log", said.append)
    await supervisor.start(Program("script", (str(script),), {}))
    try:
        await until(lambda: "could not be started" in said[-1] if said else False)
        script.write_text(f"#!/bin/sh\necho again >{tmp_path}/again\nexec sleep 60\n")
        script.chmod(0o700)
        await until((tmp_path / "again").exists)
    finally:
        await asyncio.wait_for(supervisor.stop(), 5)


async def test_what_is_just_being_started_ends_with_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, go, made = tmp_path / "slow", asyncio.Event(), list[Any]()
    slow.write_text("#!/bin/sh\ntrap 'sleep 1; exit' TERM\nwhile :; do sleep 0.1; done\n")
    slow.chmod(0o700)
    supervisor = Supervisor(tmp_path / "log", lambda _: None)
    await supervisor.start(Program("slow", (str(slow),), {}))
    await supervisor.start(
        Program("brief", ("/bin/sh", "-c", f"test -e {slow}.on && exec sleep 60; touch {slow}.on"), {})
    )
    original, again = asyncio.create_subprocess_exec, asyncio.Event()

    async def later(*command: str, **options: Any) -> Any:
        again.set()
        await go.wait()
        made.append(await original(*command, **options))
        return made[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", later)
    await again.wait()
    stopping = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0.1)
    go.set()
    await asyncio.wait_for(stopping, 10)
    assert [process.returncode for process in made if process.returncode is None] == []
