"""What agents are told in clear, in their language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.errors import NotAllowed

_TEXTS = {
    "en": {
        "accepted": "{name} has accepted",
        "transferred": "taken by {name}",
        "not_connected": "the connection to {name} failed",
        "not_connected_for": "the connection to {name} failed: {detail}",
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
        "bad_number": "{name} is no telephone number or extension",
        "not_allowed": "{name} may not be called: {detail}",
        "own_phone": "{name} is your own phone",
        "server_stops": "the server stops",
        "no_calls": "calls cannot be made here",
        "phone_not_reached": "your phone {name} could not be reached: {detail}",
        "number_not_reached": "{name} could not be reached: {detail}",
        "you_hung_up": "you hung up",
        "withdrawn": "the call was withdrawn",
        "handed_over": "connected by the exchange",
        "line_failed": "the line failed: {detail}",
        "cause_normal": "hung up",
        "cause_busy": "busy",
        "cause_no_answer": "no answer",
        "cause_rejected": "refused",
        "cause_congestion": "no line is free",
        "cause_not_found": "no such number",
        "cause_cancelled": "withdrawn",
        "cause_failed": "the line failed",
        "rule_no_number": "that is no telephone number or extension",
        "rule_unused": "there is no such number, nor are extensions of this length (telephony.internal_digits)",
        "rule_outside": "an extension that begins with {what} would take an outside line",
        "rule_denied": "{what} is denied (telephony.deny)",
        "rule_kinds_denied": "{kinds} are denied (telephony.deny)",
        "rule_kinds": "{kinds} are not allowed (telephony.allow)",
        "rule_per_day": "{what} calls have gone out today: telephony.limits.per_day allows no more",
        "rule_per_agent_per_day": "{what} calls of yours today: telephony.limits.per_agent_per_day allows no more",
        "rule_per_call": "{what} calls have gone out for this call: telephony.limits.per_call allows no more",
        "and": " and ",
        "kind_internal": "extensions",
        "kind_national": "national numbers",
        "kind_short": "short numbers",
        "kind_shared_cost": "shared-cost numbers",
        "kind_premium": "premium-rate numbers",
        "kind_international": "international numbers",
        "kind_emergency": "emergency numbers",
        "kind_country": "numbers of {what}",
    },
    "fr": {
        "accepted": "{name} a accepté",
        "transferred": "pris par {name}",
        "not_connected": "la mise en relation avec {name} a échoué",
        "not_connected_for": "la mise en relation avec {name} a échoué : {detail}",
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
        "bad_number": "{name} n'est ni un numéro de téléphone ni un poste",
        "not_allowed": "{name} ne peut pas être appelé : {detail}",
        "own_phone": "{name} est votre propre poste",
        "server_stops": "le serveur s'arrête",
        "no_calls": "il n'est pas possible d'appeler d'ici",
        "phone_not_reached": "votre poste {name} n'a pas pu être joint : {detail}",
        "number_not_reached": "{name} n'a pas pu être joint : {detail}",
        "you_hung_up": "vous avez raccroché",
        "withdrawn": "l'appel a été retiré",
        "handed_over": "mis en relation par le standard",
        "line_failed": "la ligne a échoué : {detail}",
        "cause_normal": "raccroché",
        "cause_busy": "occupé",
        "cause_no_answer": "pas de réponse",
        "cause_rejected": "refusé",
        "cause_congestion": "aucune ligne n'est libre",
        "cause_not_found": "numéro inconnu",
        "cause_cancelled": "retiré",
        "cause_failed": "la ligne a échoué",
        "rule_no_number": "ce n'est ni un numéro de téléphone ni un poste",
        "rule_unused": "ce numéro n'existe pas, et aucun poste n'a cette longueur (telephony.internal_digits)",
        "rule_outside": "un poste qui commence par {what} prendrait une ligne extérieure",
        "rule_denied": "{what} est interdit (telephony.deny)",
        "rule_kinds_denied": "{kinds} : interdits (telephony.deny)",
        "rule_kinds": "{kinds} : non autorisés (telephony.allow)",
        "rule_per_day": "{what} appels sont déjà sortis aujourd'hui : telephony.limits.per_day n'en permet pas plus",
        "rule_per_agent_per_day": "vous avez déjà fait {what} appels aujourd'hui : "
        "telephony.limits.per_agent_per_day n'en permet pas plus",
        "rule_per_call": "{what} appels sont déjà sortis pour cet appel : "
        "telephony.limits.per_call n'en permet pas plus",
        "and": " et ",
        "kind_internal": "postes internes",
        "kind_national": "numéros nationaux",
        "kind_short": "numéros courts",
        "kind_shared_cost": "numéros à coût partagé",
        "kind_premium": "numéros surtaxés",
        "kind_international": "numéros internationaux",
        "kind_emergency": "numéros d'urgence",
        "kind_country": "numéros du pays {what}",
    },
}


def reason(key: str, language: str, **names: str) -> str:
    """The text of that key; English where the language has none."""
    texts = _TEXTS.get(language.partition("-")[0].lower(), _TEXTS["en"])
    return texts[key].format(**names)


@dataclass(frozen=True, slots=True)
class Why:
    """A text that is not told yet: whose language it will have is known later. `cause`: key of a text that becomes
    the detail; `kinds`: classes of numbers, or countries, that it names."""

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""
    kinds: tuple[str, ...] = ()

    def text(self, language: str) -> str:
        """In that language."""
        names = dict(self.names)
        if self.kinds:
            names["kinds"] = reason("and", language).join(_kind(kind, language) for kind in self.kinds)
        if self.cause:
            names["detail"] = reason(self.cause, language, **names)
        return reason(self.key, language, **names)


def refusal(key: str, name: str, error: NotAllowed) -> Why:
    """Why the number `name` is not dialled, as a detail of the text `key`."""
    if not error.rule:
        return Why(key, {"name": name, "detail": str(error)})
    return Why(key, {"name": name, "what": error.what}, f"rule_{error.rule}", error.kinds)


def _kind(kind: str, language: str) -> str:
    """A class of numbers, or all those of a country."""
    known = f"kind_{kind}" in _TEXTS["en"]
    return reason(f"kind_{kind}", language) if known else reason("kind_country", language, what=kind)
