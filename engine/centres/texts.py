"""What agents are told in clear, in their language."""

from __future__ import annotations

_TEXTS = {
    "en": {
        "transferred": "taken by {name}",
        "not_connected": "the connection to {name} failed",
        "caller_hung_up": "the caller hung up",
        "timeout": "nobody took the call in time",
        "key": "the caller chose something else",
        "nobody": "nobody is logged in",
        "unanswered": "you did not answer in time",
        "rejected": "rejected",
        "over": "the call has ended",
        "not_waiting": "this call waits no longer",
        "busy": "you have another call",
        "logged_in_elsewhere": "logged in elsewhere",
        "unknown": "no agent has the code {name}",
        "bad_password": "the password is wrong",
        "bad_ticket": "the ticket is used or too old",
        "no_phone": "no phone: give an extension",
        "not_active": "the agent is not active",
        "bad_extension": "{name} is no extension or telephone number",
    },
    "fr": {
        "transferred": "pris par {name}",
        "not_connected": "la mise en relation avec {name} a échoué",
        "caller_hung_up": "le correspondant a raccroché",
        "timeout": "personne n'a pris l'appel à temps",
        "key": "le correspondant a fait un autre choix",
        "nobody": "aucun agent n'est connecté",
        "unanswered": "vous n'avez pas répondu à temps",
        "rejected": "refusé",
        "over": "l'appel est terminé",
        "not_waiting": "cet appel n'est plus en attente",
        "busy": "vous avez un autre appel",
        "logged_in_elsewhere": "session ouverte ailleurs",
        "unknown": "aucun agent n'a le code {name}",
        "bad_password": "le mot de passe est incorrect",
        "bad_ticket": "le ticket a déjà servi ou a expiré",
        "no_phone": "pas de téléphone : indiquez un poste",
        "not_active": "l'agent est désactivé",
        "bad_extension": "{name} n'est ni un poste ni un numéro de téléphone",
    },
}


def reason(key: str, language: str, **names: str) -> str:
    """The text of that key; English where the language has none."""
    texts = _TEXTS.get(language.partition("-")[0].lower(), _TEXTS["en"])
    return texts[key].format(**names)
