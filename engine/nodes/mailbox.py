"""`mailbox`: listen to the messages of a mailbox by telephone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.audio import spoken
from engine.call.input import read_keys
from engine.errors import AudioError, CallError
from engine.nodes.base import Node
from engine.nodes.fields import Text

if TYPE_CHECKING:
    from engine.audio.clip import Clip
    from engine.call.call import Call
    from engine.outside.ports import Message

KEY_SECONDS = 5.0
"""Wait for the first key of a number or PIN, and for a choice."""
INTERDIGIT_SECONDS = 3.0
PIN_DIGITS = 12
NAME_DIGITS = 16
PAUSE_SECONDS = 0.5
"""Between what is said of a message and the message."""
REMINDERS = 3
"""How often the choices are said to somebody who presses nothing."""
MANY = 10
"""From here on, messages are not counted aloud."""


class Mailbox(Node):
    """Asks for the PIN, says how many messages there are, and plays them: new ones first, and the oldest first, each
    with when it came and from whom.

    After each message: 1 listens again, 2 goes on to the next, 3 deletes it, # ends. `refused`: no right PIN in
    `attempts` attempts. What the caller hears is the engine's own sounds, in the call's language.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("done", "refused")
    answers: ClassVar[bool] = True
    takes_input: ClassVar[bool] = True

    type: Literal["mailbox"]
    mailbox: Text | None = Field(
        default=None, description="Name of the mailbox; without it, the caller is asked for its number."
    )
    attempts: int = Field(default=3, ge=1, le=10, description="How many times the PIN is asked for.")

    async def run(self, call: Call) -> str:
        call.services.mailboxes.require()
        name = await self._admitted(call)
        if name is None:
            return "refused"
        messages = await call.services.mailboxes.messages(name)
        await _announce(call, len(messages))
        for message in messages:
            try:
                if not await _listen(call, name, message):
                    return "done"
            except CallError as error:
                # Somebody else has deleted it meanwhile.
                call.warn(str(error))
        if messages:
            await call.play_sound("mailbox-end")
        return "done"

    async def _admitted(self, call: Call) -> str | None:
        """The mailbox that the caller has opened; None when they could not."""
        for attempt in range(self.attempts):
            if attempt:
                await call.play_sound("mailbox-wrong")
            if self.mailbox is None:
                name = await _ask(call, "mailbox-number", NAME_DIGITS, masked=False)
            else:
                name = call.render(self.mailbox)
            pin = await _ask(call, "mailbox-pin", PIN_DIGITS, masked=True)
            if await call.services.mailboxes.admits(name, pin):
                return name
        return None


async def _ask(call: Call, sound: str, digits: int, *, masked: bool) -> str:
    await call.play_sound(sound, barge_in=True)
    keys, _ = await read_keys(
        call,
        timeout=KEY_SECONDS,
        interdigit_timeout=INTERDIGIT_SECONDS,
        max_digits=digits,
        terminator="#",
        masked=masked,
    )
    return keys


async def _announce(call: Call, count: int) -> None:
    """Say how many messages there are."""
    if count in (0, 1):
        await call.play_sound("mailbox-none" if count == 0 else "mailbox-one", barge_in=True)
    elif count >= MANY:
        await call.play_sound("mailbox-many", barge_in=True)
    else:
        await call.play_sound("mailbox-you-have", barge_in=True)
        await call.speak_digits(str(count), barge_in=True)
        await call.play_sound("mailbox-messages", barge_in=True)


async def _listen(call: Call, mailbox: str, message: Message) -> bool:
    """Play one message and do what the caller chooses; False when they have heard enough. Raises CallError when it is
    gone."""
    boxes = call.services.mailboxes
    while True:
        clips = [*await _envelope(call, message), await boxes.sound(mailbox, message.id)]
        await call.play_clips(clips, barge_in=True)
        await boxes.heard(mailbox, message.id)
        match await _choice(call):
            case "1":
                continue
            case "2":
                return True
            case "3":
                await boxes.delete(mailbox, message.id)
                await call.play_sound("mailbox-deleted", barge_in=True)
                return True
            case _:
                return False


async def _envelope(call: Call, message: Message) -> list[Clip]:
    """When the message came, and the number of whom it is from, as far as that is known and can be said."""
    prompts, language = call.services.prompts, call.language
    number = call.services.lines.plan.said(message.cli)
    clips: list[Clip] = []
    if message.received is not None:
        zone = call.scenario.scenario.time_zone
        words = spoken.received(message.received, call.now(), zone, language, known=bool(number))
        try:
            clips.append(await prompts.say(words, language, None))
        except AudioError as error:
            # The number has recordings of its own.
            call.note(f"it is not said when the message came: {error}")
    clips += await prompts.digits(number, language)
    return [*clips, prompts.silence(PAUSE_SECONDS)] if clips else []


async def _choice(call: Call) -> str | None:
    """1, 2, 3 or #; None from somebody who does not choose."""
    for _ in range(REMINDERS):
        await call.play_sound("mailbox-choices", barge_in=True)
        key = await call.read_key(KEY_SECONDS)
        if key is not None and key in "123#":
            return key
    return None
