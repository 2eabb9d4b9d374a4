"""Messages in English and French: the catalogue is whole, and gettext reads what we compile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.messages import _, _n, language_of_the_machine, use_language
from engine.messages.catalogue import BrokenCatalogue, compiled, read_po
from tools.docs import messages

HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
)


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    use_language("en")


def test_every_message_used_has_a_french_text_with_the_same_names():
    assert messages.problems() == []


def test_the_catalogue_is_sorted_as_the_tool_writes_it():
    assert messages.FRENCH.read_text() == messages.written()


def test_what_is_said_follows_the_language():
    assert _("Ports") and _n("{count} error", "{count} errors", 0) == "{count} errors"
    use_language("fr")
    assert _("Certificates") == "Certificats"
    assert [_n("{count} error", "{count} errors", count) for count in (0, 1, 2)] == [
        "{count} erreur", "{count} erreur", "{count} erreurs",
    ]  # fmt: skip
    assert _("no catalogue has this") == "no catalogue has this"


def test_texts_of_several_lines_and_quotes_are_read(tmp_path: Path):
    path = tmp_path / "fr.po"
    path.write_text(
        HEADER + '# a comment\n#: a.py\nmsgid "say \\"a\\"\\n"\n"b"\nmsgstr "dis « a »\\n"\n"b"\n\n'
        'msgid "not yet"\nmsgstr ""\n\nmsgid "one"\nmsgid_plural "many"\nmsgstr[0] "un"\nmsgstr[1] "des"\n'
    )
    texts = compiled(read_po(path))
    assert texts.gettext('say "a"\nb') == "dis « a »\nb"
    assert texts.gettext("not yet") == "not yet"
    assert [texts.ngettext("one", "many", count) for count in (1, 3)] == ["un", "des"]


@pytest.mark.parametrize("text", ['msgid "a\n', 'msgctxt "x"\n', "nonsense\n", '#, fuzzy\nmsgid "a"\nmsgstr "b"\n'])
def test_what_is_no_catalogue_is_named_with_its_line(tmp_path: Path, text: str):
    path = tmp_path / "fr.po"
    path.write_text(HEADER + text)
    with pytest.raises(BrokenCatalogue, match="line 6"):
        read_po(path)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "fr", "LANG": "en_GB"}, "fr"),
        ({"LC_ALL": "", "LANG": "fr.UTF-8"}, "fr"),
        ({"LANG": "fro_XX"}, "en"),
    ],
)
def test_the_language_of_the_environment(environ: dict[str, str], language: str):
    assert language_of_the_machine(environ) == language
