"""Every word that people read is in the catalogues, and has its German."""

import gettext
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import rest_framework
from django.core.management import call_command
from django.utils import translation

HERE = Path(__file__).resolve().parents[2]
SOURCES = ("config", "tenants", "containers", "access", "cloudflare", "monitoring", "templates", "static", "locale")
CATALOGUES = [HERE / "locale/de/LC_MESSAGES" / f"{domain}.po" for domain in ("django", "djangojs")]
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sdr]")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, beside which Django writes what it makes of templates."""
    root = tmp_path_factory.mktemp("words")
    for name in SOURCES:
        for folder in (HERE / name, *(path for path in (HERE / name).rglob("*") if path.is_dir())):
            files = [path for path in folder.iterdir() if path.suffix in {".py", ".html", ".txt", ".js", ".po"}]
            for path in files:
                copy = root / path.relative_to(HERE)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    return root


@pytest.mark.parametrize("kept", CATALOGUES, ids=lambda path: path.stem)
def test_make_messages_finds_nothing_new_and_nothing_gone(
    kept: Path, copied: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsaid = re.findall(r"^UNSAID = \$\(addprefix --ignore ,(.+)\)$", (HERE / "Makefile").read_text(), re.MULTILINE)
    settings.LOCALE_PATHS = []  # into the folder at hand
    monkeypatch.chdir(copied)
    how = {"no_wrap": True, "add_location": "file", "ignore_patterns": unsaid[0].split(), "verbosity": 0}
    call_command("makemessages", locale=["de"], domain=kept.stem, **how)
    made = re.sub(r'^"POT-Creation-Date.+\n', "", (copied / kept.relative_to(HERE)).read_text(), flags=re.MULTILINE)
    assert made == kept.read_text(), "run: make messages"


def test_german_says_sie_also_where_the_words_are_of_others() -> None:
    """The project's catalogue goes before those of what it has installed, and with the sentences that these mistake."""
    familiar = re.compile(r"(?i)\b(?:gib|stelle|nutze|lade|wähle|du|dein\w*)\b")
    folder = Path(rest_framework.__file__).parent / "locale/de/LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        theirs = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    with translation.override("de"):
        said = {message: translation.gettext(message) for message in theirs if isinstance(message, str) and message}
    assert [message for message in theirs if familiar.search(str(theirs[message]))], "otherwise there is no need"
    assert {message: words for message, words in said.items() if familiar.search(words)} == {}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_all_is_translated_with_the_placeholders_of_the_original(path: Path, tmp_path: Path) -> None:
    compiled = tmp_path / "compiled.mo"
    counted = subprocess.run(
        ["msgfmt", "--check-format", "--statistics", f"--output-file={compiled}", path],
        check=True,
        capture_output=True,
        text=True,
    )
    assert re.fullmatch(r"\d+ translated messages\.\s*", counted.stderr), "some are fuzzy, or not translated"
    assert compiled.read_bytes() == path.with_suffix(".mo").read_bytes(), "run: make messages"
    with compiled.open("rb") as file:
        known = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    known.pop("")  # the head
    for message, said in known.items():
        source = message[0] if isinstance(message, tuple) else message.rpartition("\x04")[2]
        assert set(PLACEHOLDER.findall(source)) == set(PLACEHOLDER.findall(said)), source
        assert source[:1].isspace() == said[:1].isspace(), source
        assert source[-1:].isspace() == said[-1:].isspace(), source
