"""The rules about prompts, time and agents, where an example for the page would not show it."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.scenarios import scenario
from support.sound import speech
from support.wav import write_wav

from engine.audio.clip import RATE, Clip
from engine.audio.files import Sound, find, measure
from engine.errors import AudioError
from engine.scenario.check import check, check_files
from engine.scenario.project import Project
from engine.scenario.rules._clock_changes import clock_changes

ROOT = Path(__file__).parents[2]


class Stopped:
    """A clock that stands."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


NOW = datetime(2026, 11, 3, 22, 30, tzinfo=UTC)


def findings(folder: Path, text: str, now: datetime = NOW) -> list[str]:
    """The rules that speak about a file of the folder, at a moment."""
    file = folder / "scenario.yaml"
    file.write_text(text)
    result = check(file, project=Project(folder, clock=Stopped(now)))
    return [found.rule for found in result.diagnostics if found.severity != "information"]


def with_sounds(folder: Path, *names: str) -> None:
    """Put a second of speech into each of these files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(folder / name, speech(0.3, seed=1))


def playing(*prompts: str, top: str = "") -> str:
    nodes = [
        f"n{number}: {{type: play, prompt: [{prompt}], next: {f'n{number + 1}' if prompt != prompts[-1] else 'end'}}}"
        for number, prompt in enumerate(prompts)
    ]
    return scenario("\n".join(nodes), start="n0", top=top)


# Prompts


def test_a_file_for_all_languages_serves_every_one(tmp_path: Path) -> None:
    with_sounds(tmp_path / "prompts", "music.wav", "fr/hello.wav", "en/hello.wav")
    nodes = """
        a: {type: language, language: en, next: b}
        b: {type: play, prompt: [hello.wav, music.wav], next: c}
        c: {type: language, language: fr, next: d}
        d: {type: play, prompt: [hello.wav, music.wav], next: end}
    """
    assert findings(tmp_path, scenario(nodes, top="language: de")) == []


def test_a_language_is_wanted_where_the_call_may_have_it_only(tmp_path: Path) -> None:
    with_sounds(tmp_path / "prompts", "fr/choose.wav", "en/welcome.wav")
    nodes = """
        a: {type: play, prompt: [choose.wav], next: b}
        b: {type: language, language: en, next: c}
        c: {type: play, prompt: [welcome.wav], next: end}
    """
    assert findings(tmp_path, scenario(nodes, top="language: fr")) == []


def test_a_language_is_kept_behind_a_sub_scenario(tmp_path: Path) -> None:
    with_sounds(tmp_path / "prompts", "fr/hello.wav")
    (tmp_path / "inner.yaml").write_text(
        "format: 1\nname: inner\nstart: a\nnodes:\n"
        "  a: {type: language, language: en, next: b}\n  b: {type: return, outcome: done}\n"
    )
    nodes = """
        a: {type: scenario, name: inner, on: {done: b}}
        b: {type: play, prompt: [hello.wav], next: end}
    """
    assert findings(tmp_path, scenario(nodes, top="language: fr")) == ["E3004"]


def test_a_node_for_errors_is_reached_in_every_language(tmp_path: Path) -> None:
    with_sounds(tmp_path / "prompts", "fr/sorry.wav")
    nodes = """
        a: {type: language, language: en, next: b}
        b: {type: wait, duration: 1s, next: end}
        sorry: {type: play, prompt: [sorry.wav], next: end}
    """
    assert findings(tmp_path, scenario(nodes, top="language: fr\non_error: sorry")) == ["E3004"]


def test_a_broken_file_is_found_in_each_language(tmp_path: Path) -> None:
    with_sounds(tmp_path / "prompts", "fr/hello.wav")
    (tmp_path / "prompts" / "en").mkdir()
    (tmp_path / "prompts" / "en" / "hello.wav").write_bytes(b"no sound")
    nodes = """
        a: {type: play, prompt: [hello.wav], next: b}
        b: {type: language, language: en, next: c}
        c: {type: play, prompt: [hello.wav], next: end}
    """
    assert findings(tmp_path, scenario(nodes, top="language: fr")) == ["E3002"]


def test_an_unused_file_is_told_once_for_all_that_share_the_folder(tmp_path: Path) -> None:
    with_sounds(tmp_path / "prompts", "one.wav", "two.wav", "three.wav")
    for number, name in enumerate(("one", "two")):
        text = playing(f"{name}.wav").replace("name: test", f"name: {name}").replace('"32"', f'"20{number}"')
        (tmp_path / f"{name}.yaml").write_text(text)
    results = check_files([tmp_path / "one.yaml", tmp_path / "two.yaml"])
    assert [
        (Path(found.file).name, found.message)
        for result in results
        for found in result.diagnostics
        if found.rule == "W3006"
    ] == [("one.yaml", "no prompt names the audio file `prompts/three.wav`")]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ('"${call.language}.wav"', []),
        ("\"${ {'a': 'x'}['a'] }.wav\"", []),
        ("./x.wav", []),
        ("X.WAV", ["W3008"]),
        ('"y${call.did}"', ["W3006"]),
        ('"$${x}.wav"', ["W3006"]),
    ],
)
def test_a_name_that_may_be_meant_is_used(tmp_path: Path, prompt: str, expected: list[str]) -> None:
    with_sounds(tmp_path / "prompts", "x.wav", "room.wav")
    assert findings(tmp_path, playing(prompt, "room.wav")) == expected


def test_what_cannot_be_read_may_use_a_file(tmp_path: Path) -> None:
    with_sounds(tmp_path / "prompts", "x.wav")
    assert findings(tmp_path, scenario("a: {type: play, prompt: [x.wav, {sya: x}], next: end}")) == ["E0003"]
    (tmp_path / "other.yaml").write_text("name: [")
    assert findings(tmp_path, scenario("a: {type: hangup}")) == []


def test_folders_of_scenarios_are_not_for_prompts_alone(tmp_path: Path) -> None:
    with_sounds(tmp_path, "x.wav", "y.wav", "elsewhere/prompts/z.wav")
    assert findings(tmp_path, playing("x.wav", top="prompts: .")) == []


def test_a_file_written_in_other_letters_is_played(tmp_path: Path) -> None:
    with_sounds(tmp_path, "FR/Hello.WAV", "both.wav", "Both.wav")
    assert find(tmp_path, "fr", "hello.wav") == tmp_path / "FR" / "Hello.WAV"
    assert find(tmp_path, "fr", "both.wav") == tmp_path / "both.wav"
    with pytest.raises(AudioError, match="missing"):
        find(tmp_path, "fr", "BOTH.wav")
    with pytest.raises(AudioError, match="outside"):
        find(tmp_path / "FR", "fr", "../Both.wav")


def test_one_of_two_files_is_not_meant_by_a_third_name(tmp_path: Path) -> None:
    with_sounds(tmp_path / "prompts", "both.wav", "Both.wav")
    assert "E3001" in findings(tmp_path, playing("BOTH.wav"))


@pytest.mark.parametrize("name", ["x.wav", "x.flac", "x.ogg", "x.mp3"])
def test_sound_is_measured_in_every_format(tmp_path: Path, name: str) -> None:
    tone = 0.25 * np.sin(2 * np.pi * 500 * np.arange(2 * 44100) / 44100)
    soundfile.write(tmp_path / name, np.stack([tone, np.zeros_like(tone)], axis=1), 44100)
    sound = measure(tmp_path / name)
    assert sound.duration == pytest.approx(2.0, abs=0.1)
    assert sound.peak == pytest.approx(0.25, abs=0.03)
    assert sound.clipped == 0


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW", "PCM_U8"])
def test_one_clipped_channel_of_two_is_heard(tmp_path: Path, subtype: str) -> None:
    tone = np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    stereo = np.stack([np.clip(3 * tone, -1, 1), 0.1 * tone], axis=1)
    soundfile.write(tmp_path / "x.wav", stereo, RATE, subtype=subtype)
    assert measure(tmp_path / "x.wav").clipped == pytest.approx(0.39, abs=0.02)


def test_a_whole_wave_at_full_scale_is_not_clipped(tmp_path: Path) -> None:
    time = np.arange(RATE) / RATE
    for hertz in (100, 440, 1000, 1700):
        tone = 32767 * np.sin(2 * np.pi * hertz * time)
        write_wav(tmp_path / "x.wav", Clip(np.rint(tone).astype("<i2").tobytes()))
        assert measure(tmp_path / "x.wav").clipped == 0, hertz


def test_a_file_is_measured_once_whoever_plays_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_sounds(tmp_path / "prompts", "x.wav")
    measured: list[Path] = []

    def counting(path: Path) -> Sound:
        measured.append(path)
        return measure(path)

    monkeypatch.setattr("engine.scenario.rules._audio.measure", counting)
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scenario.yaml").write_text(playing("x.wav", "x.wav", top="prompts: ../prompts"))
    check_files([tmp_path / name / "scenario.yaml" for name in ("a", "b", "c")])
    assert measured == [tmp_path / "prompts" / "x.wav"]


def test_music_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    write_wav(tmp_path / "prompts" / "x.wav", speech(61.0, seed=2))
    search = """
        a:
          type: agent_search
          centre: support
          method: broadcast
          timeout: 30s
          music: [x.wav]
          on: {transferred: end, nobody: end, timeout: end}
    """
    assert findings(tmp_path, scenario(search)) == []
    assert findings(tmp_path, playing("x.wav", "{tone: beep}")) == ["W3007"]


# Time


def hours(week: str, more: str = "", zone: str = "Europe/Paris") -> str:
    holiday = ", holiday: end" if "holidays" in more else ""
    return scenario(
        f"a: {{type: hours, week: {week}, {more} on: {{open: end, closed: end{holiday}}}}}", top=f"time_zone: {zone}"
    )


def test_changes_of_the_clocks() -> None:
    changes = clock_changes("Europe/Paris", date(2026, 11, 3))
    assert [(change.day.isoformat(), change.start, change.end, change.forward) for change in changes] == [
        ("2027-03-28", 120, 180, True),
        ("2027-10-31", 120, 180, False),
        ("2028-03-26", 120, 180, True),
        ("2028-10-29", 120, 180, False),
    ]
    half = clock_changes("Australia/Lord_Howe", date(2026, 11, 3))[0]
    assert (half.day.isoformat(), half.start, half.end, half.forward) == ("2027-04-04", 90, 120, False)
    midnight = next(change for change in clock_changes("America/Santiago", date(2026, 11, 3)) if not change.forward)
    assert (midnight.day.isoformat(), midnight.start, midnight.end) == ("2027-04-03", 23 * 60, 24 * 60)
    assert clock_changes("Asia/Tokyo", date(2026, 11, 3)) == ()


CLOCK_CHANGES = {
    "inside, on the day itself": (hours('{sun: ["02:30-05:00"]}'), ["W4007"]),
    "inside, from the day before": (hours('{sat: ["20:00-02:30+1"]}'), ["W4007"]),
    "the minute of the change": (hours('{sun: ["02:00-03:00"], sat: ["20:00-02:00+1"]}'), []),
    "on days without a change": (hours('{mon-sat: ["02:30-05:00"], sun: ["20:00-02:30+1"]}'), []),
    "in a zone without changes": (hours('{sun: ["02:30-05:00"]}', zone="Asia/Tokyo"), []),
    "in a zone where it is another hour": (hours('{sun: ["01:30-05:00"]}', zone="Europe/London"), ["W4007"]),
    "once for a range": (hours('{sun: ["02:10-02:50"]}'), ["W4007"]),
    "on a date of its own": (
        hours('{mon: ["08:00-09:00"]}', "exceptions: {2027-03-28: ['02:30-05:00']},"),
        ["W4007"],
    ),
    "on a date of its own without a change": (
        hours('{mon: ["08:00-09:00"]}', "exceptions: {2027-03-27: ['02:30-05:00']},"),
        [],
    ),
    "all days of a change are exceptions": (
        hours(
            '{sun: ["02:30-05:00"]}',
            "exceptions: {2027-03-28: closed, 2027-10-31: closed, 2028-03-26: [], 2028-10-29: ['08:00-09:00']},",
        ),
        [],
    ),
    "a zone that nobody knows": (hours('{sun: ["02:30-05:00"]}', zone="Mars/Olympus"), ["E4001"]),
    "holidays that nobody knows": (hours('{sun: ["02:30-05:00"]}', "holidays: XX,"), ["W4007", "E4010"]),
}


@pytest.mark.parametrize(("text", "expected"), CLOCK_CHANGES.values(), ids=CLOCK_CHANGES)
def test_boundaries_at_a_change_of_the_clocks(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert findings(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("exceptions", "zone", "expected"),
    [
        ("2026-11-03: closed", "UTC", []),
        ("2026-11-02: closed", "UTC", ["W4008"]),
        # It is the 4th in Paris only from 23:00 UTC on, and in Tokyo it is already.
        ("2026-11-03: closed", "Europe/Paris", []),
        ("2026-11-03: closed", "Asia/Tokyo", ["W4008"]),
        ("2026-11-02: ['20:00-04:00+1']", "UTC", []),
        ("2026-11-01: ['20:00-04:00+1'], 2026-11-02: closed", "UTC", ["W4008"]),
        ("2001-01-01: closed, 9999-12-31: ['20:00-04:00+1']", "UTC", []),
        ("0001-01-01: ['20:00-04:00+1']", "UTC", ["W4008"]),
    ],
)
def test_dates_that_are_over(tmp_path: Path, exceptions: str, zone: str, expected: list[str]) -> None:
    assert findings(tmp_path, hours('{mon: ["08:00-09:00"]}', f"exceptions: {{{exceptions}}},", zone)) == expected


@pytest.mark.parametrize(
    ("week", "more", "expected"),
    [
        ('{mon-sun: ["00:00-24:00"]}', "", ["W4009"]),
        ('{mon-sun: ["18:00-18:00+1"]}', "", ["W4009"]),
        ('{mon-sun: ["00:00-23:59"]}', "", []),
        ('{mon-sat: ["00:00-24:00"], sun: ["00:00-12:00"]}', "", []),
        ('{mon-sun: ["00:00-24:00"]}', "holidays: FR,", []),
        ('{mon-sun: ["00:00-24:00"]}', "exceptions: {2099-01-01: closed},", []),
        ('{mon-sun: ["00:00-24:00"]}', "override: closed_today,", []),
        ('{mon-sun: ["00:00-24:00"], sun: ["08:00-12:00"]}', "", ["E4003"]),
    ],
)
def test_always_open(tmp_path: Path, week: str, more: str, expected: list[str]) -> None:
    assert findings(tmp_path, hours(week, more)) == expected


# Agents


DIRECTORY = """\
agents: [{code: "201"}, {code: anne}, {code: "203", active: false}]
centres: [{name: support, agents: ["201", anne, "203"], answer_delay: 10s}]
"""


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ("a: {type: bridge, to: anne, on: {ON}}", []),
        ("a: {type: bridge, to: 'sip:paul@192.0.2.1', on: {ON}}", []),
        ("a: {type: bridge, to: '999', on: {ON}}", []),
        ("a: {type: bridge, to: '+33 1 43 67 09 03', on: {ON}}", []),
        ("a: {type: bridge, to: '${call.did}x', on: {ON}}", []),
        ("a: {type: bridge, to: ann, on: {ON}}", ["E5001"]),
        ("a: {type: branch, cases: [{when: 'centre.support.waiting > 2', next: end}], default: end}", []),
        ("a: {type: branch, cases: [{when: 'centre.sales.waiting > 2', next: end}], default: end}", ["E5001"]),
        ("a: {type: branch, cases: [{when: '\"centre.sales\" == call.cli', next: end}], default: end}", []),
    ],
)
def test_people_who_are_not_in_the_directory(tmp_path: Path, nodes: str, expected: list[str]) -> None:
    (tmp_path / "directory.yaml").write_text(DIRECTORY)
    outcomes = "ended: end, busy: end, no_answer: end, rejected: end, failed: end"
    assert findings(tmp_path, scenario(nodes.replace("ON", outcomes))) == expected


@pytest.mark.parametrize(
    ("method", "timeout", "expected"),
    [("sequential", "20s", []), ("sequential", "19s", ["W5005"]), ("broadcast", "5s", [])],
)
def test_everybody_is_asked_who_is_active(tmp_path: Path, method: str, timeout: str, expected: list[str]) -> None:
    (tmp_path / "directory.yaml").write_text(DIRECTORY)
    search = f"a: {{type: agent_search, centre: support, method: {method}, timeout: {timeout}, on: {{ON}}}}"
    assert (
        findings(tmp_path, scenario(search.replace("ON", "transferred: end, nobody: end, timeout: end"))) == expected
    )


@pytest.mark.parametrize(
    ("did", "to", "expected"),
    [
        ("+33143670903", "0143670903", ["E5008"]),
        ("0143670903", "+33143670903", ["E5008"]),
        ("014367*", "0143670903", ["E5008"]),
        ("*", "0143670903", []),
        ("01*", "0143670903", []),
        ("32", "33", []),
        ("32", "sip:32@192.0.2.1", []),
    ],
)
def test_numbers_of_our_own(tmp_path: Path, did: str, to: str, expected: list[str]) -> None:
    outcomes = "ended: end, busy: end, no_answer: end, rejected: end, failed: end"
    text = scenario(f"a: {{type: bridge, to: '{to}', on: {{{outcomes}}}}}").replace('"32"', f'"{did}"')
    assert findings(tmp_path, text) == expected


def test_a_number_of_ours_that_does_not_lead_back_may_be_dialled(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("format: 1\nname: o\ndid: ['7']\nstart: a\nnodes: {a: {type: hangup}}\n")
    outcomes = "ended: end, busy: end, no_answer: end, rejected: end, failed: end"
    assert findings(tmp_path, scenario(f"a: {{type: bridge, to: '7', on: {{{outcomes}}}}}")) == []


SEARCH = """
find:
  type: agent_search
  centre: support
  method: broadcast
  timeout: 30s
  on: {transferred: end, nobody: end, timeout: end}
"""


def test_hours_of_a_sub_scenario_are_passed(tmp_path: Path) -> None:
    (tmp_path / "open.yaml").write_text(
        """\
format: 1
name: is_it_open
start: a
nodes:
  a: {type: hours, week: {mon: ["08:00-09:00"]}, on: {open: b, closed: c}}
  b: {type: return, outcome: "open"}
  c: {type: return, outcome: "closed"}
"""
    )
    nodes = """
a: {type: scenario, name: is_it_open, on: {open: find, closed: late}}
late: {type: hours, week: {tue: ["08:00-09:00"]}, on: {open: find, closed: end}}
"""
    assert findings(tmp_path, scenario(nodes + SEARCH)) == []


def test_who_comes_back_to_a_search_has_passed_the_hours(tmp_path: Path) -> None:
    nodes = """
a: {type: hours, week: {mon: ["08:00-09:00"]}, on: {open: find, closed: again}}
again: {type: menu, prompt: [{say: x}], options: {"1": find}, attempts: 1, on: {no_input: end, no_match: end}}
"""
    assert findings(tmp_path, scenario(nodes + SEARCH, top="voice: en")) == []


# No false alarm


def test_nothing_is_wrong_with_a_first_server(tmp_path: Path) -> None:
    from tools.flowctl.commands.init import starter

    for language in ("en", "fr"):
        folder = tmp_path / language
        for name, content in starter(language).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        (result,) = check_files([folder / "flows" / "call_centre" / "scenario.yaml"])
        assert [found for found in result.diagnostics if found.severity != "information"] == []


def test_a_ready_made_scenario_is_sound_without_a_server(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "flows" / "call_centre", tmp_path / "call_centre")
    (result,) = check_files([tmp_path / "call_centre" / "scenario.yaml"])
    assert [found for found in result.diagnostics if found.severity != "information"] == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('databases: {clients: {url: "sqlite:///clients.db"}}\n', [("E5001", 7, 13, "did you mean `clients`?")]),
        ('databases: {customer: {url: "sqlite:///x.db"}, cleints: {url: "sqlite:///y.db"}}\n', []),
        ("scenarios: flows\n", []),
    ],
)
def test_a_database_that_the_settings_do_not_name(
    tmp_path: Path, settings: str, expected: list[tuple[str, int, int, str]]
) -> None:
    (tmp_path / "server.yaml").write_text(settings)
    nodes = """
        a:
          type: lookup
          source: cleints
          table: clients
          by: {phone: call.caller}
          timeout: 2s
          on: {found: end, not_found: end, error: end}
        """
    (tmp_path / "a.yaml").write_text(scenario(nodes))
    found = check(tmp_path / "a.yaml").diagnostics
    told = [(f.rule, f.line, f.column, f.hint) for f in found if f.severity != "information"]
    assert told == expected


def test_languages_of_a_part_that_is_reached_in_a_million_ways(tmp_path: Path) -> None:
    """Each of 40 levels is called by two scenarios, which the level before calls: 2 to the power of 40 ways."""
    head = "format: 1\nname: {name}\n{top}start: a\nnodes:\n"
    call = "  {at}: {{type: scenario, name: {name}, on: {{done: {then}}}}}\n"
    back = "  z: {type: return, outcome: done}\n"
    (tmp_path / "top.yaml").write_text(
        head.format(name="p0", top='did: ["1"]\nlanguage: fr\n')
        + "".join(
            call.format(at=at, name=f"{side}1", then=then) for at, side, then in (("a", "l", "b"), ("b", "r", "end"))
        )
    )
    for level in range(1, 41):
        for side in "lr":
            text = head.format(name=f"{side}{level}", top="language: en\n")
            if level == 40:
                text += "  a: {type: play, prompt: [x.wav], next: z}\n"
            else:
                text += call.format(at="a", name=f"l{level + 1}", then="b")
                text += call.format(at="b", name=f"r{level + 1}", then="z")
            (tmp_path / f"{side}{level}.yaml").write_text(text + back)
    found = [d for result in check_files(sorted(tmp_path.glob("*.yaml"))) for d in result.diagnostics]
    missing = {(Path(d.file).name, d.message.partition(":")[2]) for d in found if d.rule == "E3001"}
    places = " neither prompts/fr/x.wav nor prompts/x.wav exists"
    assert missing == {("l40.yaml", places), ("r40.yaml", places)}
