"""Outgoing mail: written by the call into the outbox, sent by SMTP as soon as the mail server takes it."""
