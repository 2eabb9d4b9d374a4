"""What people are told by commands, in English or French.

`_("text")` is the text in the language in use; `_n("one", "many", count)` chooses by number; `N_("text")` marks a
text that is translated later. The texts are English; `fr.po` beside this file has the French ones.
"""

from engine.messages.language import LANGUAGES, Language, language_of_the_machine
from engine.messages.translate import N_, _, _n, in_use, use_language

__all__ = ["LANGUAGES", "N_", "Language", "_", "_n", "in_use", "language_of_the_machine", "use_language"]
