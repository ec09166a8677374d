"""Mails as a mail client and its filters read them."""

from __future__ import annotations

import email
import email.policy

import pytest

from euregio.alerts.message import Message
from euregio.orchestration.post import mail


@pytest.mark.parametrize("length", range(55, 130, 3))
@pytest.mark.parametrize("letter", ["x ", "é "])
def test_a_subject_of_any_length_begins_in_its_own_line_and_arrives_whole(length: int, letter: str) -> None:
    subject = f"[critical] {letter * length}"[:length].strip()
    message = Message(subject, "text", "<p>text</p>", "0123456789ab", "critical", {})
    sent = mail(message, "euregio@example.org", ["team@example.org"]).as_bytes()
    assert b"Subject: [critical]" in sent
    assert email.message_from_bytes(sent, policy=email.policy.default)["Subject"] == subject
