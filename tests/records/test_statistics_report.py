"""`flowctl report`: what it prints and writes of a few facts."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typer.testing import CliRunner

from engine.centres.directory import Directory
from engine.records.database import FILE, Database
from engine.records.people import People, Stored
from engine.records.tables import AGENT_STATES, CALLS, SEARCHES, slot_of, stored
from tools.flowctl.main import app

PEOPLE = Directory.model_validate(
    {"agents": [{"code": "201", "first_name": "Anne", "last_name": "Martin"}, {"code": "202"}], "centres": []}
)
NIGHT = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
"""2:50 of the summer's time in Paris; ten minutes later it is 2:00."""
EVIL = '=HYPERLINK("http://x")'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of a server at which four callers looked for an agent that night."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "server.yaml").write_text("time_zone: Europe/Paris\nstatistics: {answer_within: 10s}\n")

    async def write() -> None:
        database = Database(folder / "var" / FILE)
        await People(database).store(Stored(), PEOPLE)
        await database.write(facts)
        await database.close()

    asyncio.run(write())
    return folder / "server.yaml"


async def facts(connection: AsyncConnection) -> None:
    waits = [
        ("transferred", 8.0, 100.0),
        ("transferred", 12.0, 60.0),
        ("caller_hung_up", 3.0, None),
        ("timeout", 30.0, None),
    ]
    for number, (outcome, waited, talk) in enumerate(waits):
        at = NIGHT + timedelta(minutes=number * 20)
        common = {"server": "main", "started": stored(at), "slot": slot_of(at)}
        call = {
            "id": str(number),
            "direction": "in",
            "did": "+33143670903",
            "cli": "",
            "caller": "",
            "channel": "sip/1",
        }
        rest = {"scenario": EVIL, "version": "", "answered": 0.5, "duration": 60.5, "keys": "", "result": "ended"}
        await connection.execute(insert(CALLS).values(**common, **call, **rest, warnings="[]"))
        search = {"id": str(number), "call": str(number), "node": "find", "centre": EVIL, "method": "broadcast"}
        await connection.execute(
            insert(SEARCHES).values(**common, **search, outcome=outcome, waited=waited, talk=talk)
        )
    rest = {
        "server": "main",
        "agent": "201",
        "state": "unavailable",
        "reason": "lun[bold]ch\x1b",
        "call": "",
        "centre": "",
    }
    when = {"id": "p", "since": stored(NIGHT), "slot": slot_of(NIGHT), "duration": 1200.0}
    await connection.execute(insert(AGENT_STATES).values(**rest, **when))


def flowctl(*arguments: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["report", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.output


def test_a_table_of_the_night_in_which_an_hour_comes_twice(server: Path):
    text = flowctl("centres", "--day", "2026-10-25", "--by", "hour", "--config", server)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "Centres, 2026-10-25 (Europe/Paris)"
    assert "2026-10-25 02:00 (+02:00) 1 1 0 0 0 100.0 % 0.0 % 8.0 s 8.0 s 1:40 " + "█" * 8 in lines
    assert "2026-10-25 02:00 (+01:00) 3 1 1 1 0 0.0 % 33.3 % 12.0 s 30.0 s 1:00 ████████░░░░░░░░░░░░░░░░" in lines
    assert "Whole 4 2 1 1 0 25.0 % 25.0 % 10.0 s 30.0 s 1:20" in lines
    assert sum(line.startswith("2026-10-25 ") for line in lines) == 25


def test_in_french_with_a_limit_of_the_settings(server: Path):
    text = flowctl("waiting", "--day", "2026-10-25", "--language", "fr", "--config", server)
    assert "Attente des répondus, 90 % : 12,0 s" in text
    assert "Présentés" in text


def test_what_is_named_from_outside_does_not_reach_the_terminal(server: Path):
    text = flowctl("agents", "--day", "2026-10-25", "--config", server)
    assert "lun[bold]ch·" in text
    assert "\n 201 Anne Martin " in text
    assert "\x1b" not in text


def test_json_has_every_measure_with_its_formula(server: Path):
    document = json.loads(flowctl("centres", "--month", "2026-10", "--format", "json", "--config", server))
    (row,) = document["rows"]
    assert (row["key"], row["offered"], row["service_level"], row["speed_of_answer"]) == (EVIL, 4, 0.25, 10.0)
    assert document["since"] == "2026-10-01T00:00:00+02:00"
    assert document["until"] == "2026-11-01T00:00:00+01:00"
    formulas = {measure["name"]: measure["formula"] for measure in document["measures"]}
    assert formulas["service_level"] == "answered in time ÷ offered"
    assert formulas["service_level_without_short"] == "answered in time ÷ (offered − short abandoned)"
    assert formulas["answered_in_time"] == "Of the answered, those who waited for at most 10 s."
    assert set(row) == {"key", *formulas}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lines"], "REPORT is calls, centres, agents, waiting"),
        (["centres", "--by", "did"], "centres --by is centre, slot"),
        (["centres", "--agent", "201"], "not of one agent"),
        (["--day", "25.10.2026"], "write 2026-10-25"),
        (["--month", "2026-13"], "write 2026-10"),
        (["--day", "today", "--month", "2026-10"], "one of --day"),
        (["--since", "2026-10-02", "--until", "2026-10-01"], "ends before it begins"),
        (["--since", "1990-01-01"], "at most ten years"),
        (["--since", "2026-10-25T08:07"], "2026-10-25 08:07:00+01:00 is not at a quarter of an hour"),
        (["--time-zone", "Europe/Pari"], "Pari"),
        (["--format", "pdf"], "--format is text, json"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_reason(server: Path, arguments: list[str], said: str):
    assert said in flowctl(*arguments, "--config", server, status=2)


def test_before_the_first_start_there_is_nothing(tmp_path: Path):
    (tmp_path / "server.yaml").write_text("{}")
    assert "no database yet" in flowctl("--config", tmp_path / "server.yaml", status=2)


def test_csv_has_every_measure_and_no_formula(server: Path, tmp_path: Path):
    file = tmp_path / "report.csv"
    flowctl("centres", "--month", "2026-10", "--format", "csv", "-o", file, "--config", server)
    (row,) = csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8"), newline=""))
    assert row["Centre"] == f"'{EVIL}"
    assert (row["Offered"], row["Service level"], row["Average speed of answer (s)"]) == ("4", "0.25", "10")
    assert all(value.startswith("'") or value[:1].isdigit() for value in row.values())


def test_csv_leaves_a_telephone_number_as_it_is(server: Path):
    text = flowctl("calls", "--by", "did", "--month", "2026-10", "--format", "csv", "--config", server)
    assert text.splitlines()[1].startswith("+33143670903,4,")


def test_csv_for_a_french_spreadsheet(server: Path, tmp_path: Path):
    file = tmp_path / "report.csv"
    options = ("--format", "csv", "--spreadsheet", "--language", "fr", "-o", file)
    flowctl("centres", "--day", "2026-10-25", "--by", "day", *options, "--config", server)
    assert file.read_bytes().startswith(b"\xef\xbb\xbfJour;")
    (row,) = csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline=""), delimiter=";")
    assert (row["Jour"], row["Niveau de service"]) == ("2026-10-25", "0,25")


def test_a_sheet_with_numbers_that_are_numbers_and_texts_that_are_no_formulas(server: Path, tmp_path: Path):
    file = tmp_path / "report.xlsx"
    flowctl("centres", "--month", "2026-10", "--format", "xlsx", "-o", file, "--config", server)
    with ZipFile(file) as parts:
        sheet, formulas = (ElementTree.fromstring(parts.read(f"xl/worksheets/sheet{page}.xml")) for page in (1, 2))
        texts = ["".join(one.itertext()) for one in ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))]
        styles = parts.read("xl/styles.xml").decode()
    assert not [element for page in (sheet, formulas) for element in page.iter() if element.tag.endswith("}f")]

    def cell(place: str) -> str | float:
        (found,) = (one for one in sheet.iter() if one.get("r") == place and one.tag.endswith("}c"))
        value = "".join(found.itertext())
        return texts[int(value)] if found.get("t") == "s" else float(value)

    titles = {cell(f"{letter}3"): letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    assert (cell("A4"), cell(f"{titles['Offered']}4"), cell(f"{titles['Service level']}4")) == (EVIL, 4, 0.25)
    assert cell(f"{titles['Average speed of answer']}4") == pytest.approx(10 / 86400)
    assert "[h]:mm:ss" in styles
    assert "answered in time ÷ offered" in texts


def test_a_plot_is_a_picture_whatever_a_centre_is_called(server: Path):
    text = flowctl("centres", "--month", "2026-10", "--format", "svg", "--config", server)
    picture = ElementTree.fromstring(text)
    said = ["".join(one.itertext()) for one in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert EVIL in said
    assert "Service level" in said
    bars = [one for one in picture.iter("{http://www.w3.org/2000/svg}rect") if one.get("y") not in (None, "42")]
    heights = [float(one.get("height", "")) for one in bars]
    # Two of four are answered; the axis goes to four.
    assert heights == [pytest.approx(2 * heights[1]), heights[1]]


def test_a_file_that_cannot_be_written(server: Path, tmp_path: Path):
    said = flowctl("--format", "json", "-o", tmp_path / "no" / "report.json", "--config", server, status=2)
    assert "No such file" in said
