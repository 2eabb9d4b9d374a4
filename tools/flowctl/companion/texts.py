"""What the companion says on the screen, in English and French."""

from __future__ import annotations

from tools.agent import Event, Lost, Refused

_TEXTS = {
    "en": {
        "password": "Password of {code}: ",
        "keys": "Enter, 1-9 accept   r reject   d do not disturb   a available   c call   C call, recorded   q quit",
        "waiting": "Waiting calls",
        "none": "no call waits",
        "caller": "Caller",
        "name": "Name",
        "company": "Company",
        "centre": "Centre",
        "for": "For",
        "everybody": "everybody",
        "you": "you alone",
        "since": "Waits",
        "lost": "connection lost: {reason}; connecting again",
        "lost_silent": "the server says nothing any more",
        "lost_closed": "the server has closed it",
        "lost_nonsense": "the server says what is not understood here",
        "lost_unread": "the server does not read what it is sent",
        "lost_network": "the network failed ({reason})",
        "end_not_let_in": "not logged in: {reason}",
        "end_logged_out": "the server has logged you out: {reason}",
        "end_not_let_in_again": "the connection was lost, and the server does not let you in again: {reason}",
        "error_too_large": "too much at once for the server",
        "error_too_fast": "too many requests for the server",
        "error_too_many": "the server has too many connections",
        "error_timeout": "the server has heard nothing for too long",
        "error_banned": "too many wrong passwords: wait ten minutes",
        "error_protocol": "the server speaks another version",
        "error_stopping": "the server stops",
        "error_internal": "the server failed",
        "number": "Number to call (Enter calls, Esc does not): ",
        "not_sent": "not sent: there is no connection",
        "A": "logged in",
        "P": "{who} waits for {centre}",
        "?": "{who} waits for you ({centre})",
        "H": "{who}: {reason}",
        "S": "{who} waits again: {reason}",
        "T": "{who}: {reason}",
        "F": "{number} could not be called: {reason}",
        "C": "connected with {number}",
        "pop_started": "shown: {detail}",
        "pop_refused": "caller's file not shown: {detail}",
        "pop_command": "caller's file not shown: the program {what} is not allowed here (--allow-command)",
        "pop_host": "caller's file not shown: pages of {what} are not allowed here (--allow-host)",
        "pop_many": "caller's file not shown: too many programs are running already",
        "pop_unsafe": "caller's file not shown: what the call brings does not go safely into the centre's command",
        "pop_ended": "the program has ended: {detail}",
        "unknown": "unknown number",
        "logged_out": "logged out",
        "available": "available",
        "unavailable": "do not disturb",
        "offered": "a call for you",
        "connecting": "connecting",
        "on_call": "on a call",
        "wrap_up": "rest after a call",
        "not_responding": "you did not answer: a makes you available",
    },
    "fr": {
        "password": "Mot de passe de {code} : ",
        "keys": "Entrée, 1-9 accepter   r refuser   d ne pas déranger   a disponible   c appeler   "
        "C appeler, enregistré   q quitter",
        "waiting": "Appels en attente",
        "none": "aucun appel en attente",
        "caller": "Appelant",
        "name": "Nom",
        "company": "Société",
        "centre": "Centre",
        "for": "Pour",
        "everybody": "tous",
        "you": "vous seul",
        "since": "Attente",
        "lost": "connexion perdue : {reason} ; reconnexion en cours",
        "lost_silent": "le serveur ne dit plus rien",
        "lost_closed": "le serveur l'a fermée",
        "lost_nonsense": "ce que dit le serveur n'est pas compris ici",
        "lost_unread": "le serveur ne lit pas ce qu'on lui envoie",
        "lost_network": "le réseau a échoué ({reason})",
        "end_not_let_in": "session non ouverte : {reason}",
        "end_logged_out": "le serveur a fermé votre session : {reason}",
        "end_not_let_in_again": "la connexion a été perdue, et le serveur ne vous laisse plus entrer : {reason}",
        "error_too_large": "c'est trop à la fois pour le serveur",
        "error_too_fast": "trop de demandes pour le serveur",
        "error_too_many": "le serveur a trop de connexions",
        "error_timeout": "le serveur n'a rien entendu depuis trop longtemps",
        "error_banned": "trop de mots de passe erronés : attendez dix minutes",
        "error_protocol": "le serveur parle une autre version",
        "error_stopping": "le serveur s'arrête",
        "error_internal": "le serveur a échoué",
        "number": "Numéro à appeler (Entrée appelle, Échap annule) : ",
        "not_sent": "non envoyé : il n'y a pas de connexion",
        "A": "session ouverte",
        "P": "{who} attend {centre}",
        "?": "{who} vous attend ({centre})",
        "H": "{who} : {reason}",
        "S": "{who} attend à nouveau : {reason}",
        "T": "{who} : {reason}",
        "F": "{number} n'a pas pu être appelé : {reason}",
        "C": "en communication avec {number}",
        "pop_started": "affiché : {detail}",
        "pop_refused": "fiche non affichée : {detail}",
        "pop_command": "fiche non affichée : le programme {what} n'est pas autorisé ici (--allow-command)",
        "pop_host": "fiche non affichée : les pages de {what} ne sont pas autorisées ici (--allow-host)",
        "pop_many": "fiche non affichée : trop de programmes sont déjà en cours",
        "pop_unsafe": "fiche non affichée : les données de l'appel ne vont pas sans risque dans la commande",
        "pop_ended": "le programme est terminé : {detail}",
        "unknown": "numéro inconnu",
        "logged_out": "session fermée",
        "available": "disponible",
        "unavailable": "ne pas déranger",
        "offered": "un appel pour vous",
        "connecting": "mise en relation",
        "on_call": "en communication",
        "wrap_up": "pause après un appel",
        "not_responding": "vous n'avez pas répondu : a vous rend disponible",
    },
}

LANGUAGES = tuple(_TEXTS)


def plain(text: str) -> str:
    """For a terminal: what a caller is called, or a server says, may not move the cursor, nor write backwards."""
    return "".join(character if character.isprintable() else " " for character in text)


class Texts:
    """Those of one language."""

    def __init__(self, language: str) -> None:
        """language: of `LANGUAGES`."""
        self._texts = _TEXTS[language]

    def __call__(self, key: str, **names: str) -> str:
        """The text of that key; the key itself for one that there is none for."""
        return self._texts[key].format(**names) if key in self._texts else key

    def lost(self, message: Lost) -> str:
        """Why a connection is lost."""
        key = f"lost_{message.why}"
        return self(key, reason=message.reason) if key in self._texts else message.reason

    def ended(self, why: str, said: Event | Refused | None) -> str:
        """How a session ended; empty where it was wanted."""
        reason = self.error(said) if isinstance(said, Refused) else said.reason if said is not None else ""
        return self(f"end_{why}", reason=reason or "?") if f"end_{why}" in self._texts else ""

    def error(self, message: Refused) -> str:
        """Why the server does not do something; in its own words where the details count."""
        key = f"error_{message.error}"
        return self(key) if key in self._texts else message.message
