"""`python -m bench [creation] [lists] [live]`: an installation as in production, then tables of figures."""

import base64
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MARK = "bench"


def _environment(cloud_settings: dict[str, str]) -> None:
    os.environ.update(
        cloud_settings,
        DJANGO_SETTINGS_MODULE="config.settings",
        SECRET_KEY="only-for-benchmarks-" * 3,
        ENCRYPTION_KEYS=base64.urlsafe_b64encode(b"only-for-benchmarks".ljust(32, b".")).decode(),
        EMBEDDED="true",
        INSTALLATION=MARK,
        WARREN_HOME=tempfile.mkdtemp(prefix="warren-bench."),
        LINGER_SECONDS="0",
        LOG_LEVEL="ERROR",
        DATABASE_POOL="32",
        API_RATE="1000000/60",  # counted as ever, and never refused
        API_COSTLY_RATE="1000000/60",
    )
    (Path(os.environ["WARREN_HOME"]) / "static").mkdir()


def _creation() -> int:
    from tests.parts import Cloud, docker_cleanup

    with Cloud.launch() as cloud:
        _environment(cloud.settings())
        import django

        django.setup()
        from django.core.management import call_command

        from bench import creation

        call_command("migrate", verbosity=0)
        call_command("prepare")
        cloud.control("PATCH", "limits", {"record_quota": 1000, "calls": 100_000})
        quiet = ("--without-mingle", "--without-gossip", "--without-heartbeat", "--pool", "threads")
        worker = (sys.executable, "-m", "celery", "-A", "config", "worker", *quiet)
        with (Path(os.environ["WARREN_HOME"]) / "worker.log").open("w") as log:
            workers = [
                subprocess.Popen([*worker, "-Q", queue, "-c", threads], stdout=log, stderr=log, start_new_session=True)
                for queue, threads in (("celery", "16"), ("edge", "8"))
            ]
        try:
            return creation.run(cloud)
        finally:
            for each in workers:
                each.terminate()
            for each in workers:
                each.wait(10)
            docker_cleanup(MARK)


def _lists() -> int:
    _environment({})
    import django

    django.setup()
    from django.core.management import call_command

    from bench import lists

    call_command("migrate", verbosity=0)
    return lists.run()


def _live() -> int:
    _environment({})
    import django

    django.setup()
    from django.core.management import call_command

    from bench import live

    call_command("migrate", verbosity=0)
    return live.run()


BENCHMARKS = {"creation": _creation, "lists": _lists, "live": _live}


def main(names: list[str]) -> int:
    """Those that are named, else all; returns how many figures were missed."""
    return sum(BENCHMARKS[name]() for name in names or BENCHMARKS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
