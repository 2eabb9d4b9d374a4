"""`flowctl contacts`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from support.served import ROOT
from typer.testing import CliRunner, Result

from engine.messages import use_language
from tools.flowctl import progress
from tools.flowctl.commands import contacts

FILE = ROOT / "flows" / "call_centre" / "contacts.csv"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    (tmp_path / "server.yaml").write_text("data: var\n")

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(contacts.app, [str(argument) for argument in arguments])

    yield invoke
    use_language("en")


def test_in_french(run, tmp_path: Path):
    bad = tmp_path / "bad.csv"
    bad.write_text('ident;phone;town\n1;0143670903;Paris\n2;rien;Lyon\n3;"a"b;x\n')
    done = run("import", bad, "--language", "fr")
    assert "'rien' n'est pas un numéro de téléphone" in done.stderr
    assert "guillemets" in done.stderr
    assert "1 ajouté, 0 modifié, 0 inchangé, 2 lignes refusées" in done.output
    assert "ne figure dans aucun contact" in run("find", "0143670999", "--language", "fr").output


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_import_says_how_far_it_is(run, monkeypatch: pytest.MonkeyPatch):
    """On a terminal, and nothing of it stays there."""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PACE", 0.0)
    terminal = Terminal()
    monkeypatch.setattr(contacts, "Progress", lambda: progress.Progress(terminal))
    assert run("import", FILE).exit_code == 0
    said = terminal.getvalue().split("\r")
    assert [line.strip() for line in said if line.strip()] == [
        "line 2",
        "line 3",
        "line 4",
        "comparing with the table",
        "3 of 3 contacts written",
    ]
    assert not said[-2].strip()


def test_a_short_import_says_nothing_on_the_way(run, monkeypatch: pytest.MonkeyPatch):
    terminal, file = Terminal(), io.StringIO()
    for stream, patience in ((terminal, 60.0), (file, 0.0)):
        monkeypatch.setattr(progress, "PATIENCE", patience)
        monkeypatch.setattr(contacts, "Progress", lambda stream=stream: progress.Progress(stream))
        assert run("import", FILE).exit_code == 0
        assert stream.getvalue() == ""


def test_a_dry_run_writes_nothing(run, tmp_path: Path):
    done = run("import", FILE, "--dry-run")
    assert (done.exit_code, done.output.splitlines()) == (
        0,
        ["3 added, 0 changed, 0 as before, 0 lines refused", "nothing was written (--dry-run)"],
    )
    assert not (tmp_path / "var").exists()
    assert run("find", "0143670903").exit_code == 1


def test_who_was_imported_is_found(run):
    assert run("import", FILE).exit_code == 0
    assert "3 as before" in run("import", FILE).output
    found = run("find", "00 33 6 12 34 56 78", "--format", "json")
    assert (found.exit_code, json.loads(found.output)["strLastName"]) == (0, "Moreau")
    nobody = run("find", "0143670999")
    assert (nobody.exit_code, nobody.output) == (1, "+33143670999 is in no contact\n")


def test_lines_that_cannot_be_taken_are_named_and_the_others_taken(run, tmp_path: Path):
    bad = tmp_path / "bad.csv"
    bad.write_text("ident;phone;town\n1;0143670903;Paris\n2;nothing;Lyon\n")
    done = run("import", bad)
    assert done.exit_code == 1
    assert f"{bad}:3: phone: 'nothing' is no telephone number" in done.stderr
    assert "columns that mean nothing here: town" in done.output
    assert "1 added, 0 changed, 0 as before, 1 line refused" in done.output
    document = json.loads(run("import", bad, "--format", "json").output)
    assert document["unchanged"] == 1
    assert [(one["line"], one["column"]) for one in document["refused"]] == [(3, "phone")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("import", "missing.csv"), "No such file"),
        (("import", FILE, "--format", "xml"), "text | json"),
        (("find", "nobody"), "no telephone number"),
        (("find", "0143670903", "--config", "missing.yaml"), "missing.yaml"),
    ],
)
def test_what_cannot_be_done_ends_with_2(run, arguments: tuple[object, ...], says: str):
    done = run(*arguments)
    assert done.exit_code == 2
    assert says in done.stderr
