"""What is supervised runs again, whatever kept it from doing so."""

import asyncio
from pathlib import Path

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
