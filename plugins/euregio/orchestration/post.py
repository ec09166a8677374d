"""How messages leave: SMTP and Apprise, with host, log-in and tokens from Airflow's connections."""

from __future__ import annotations

import json
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any

from euregio.errors import EuregioError

if TYPE_CHECKING:
    from euregio.alerts.message import Message
    from euregio.declarations.alerts import Channel

#: How Apprise names our severities: colour and icon in a chat.
_APPRISE = {"critical": "failure", "warning": "warning", "info": "info"}

#: Python folds a subject of 70 to 77 characters behind "Subject:", and filters on its beginning miss it.
_UNFOLDED = policy.default.clone(max_line_length=998)


class PostError(EuregioError):
    """A message could not be sent."""


class AirflowPost:
    """Sends over the channels' Airflow connections (euregio.alerts.desk.Post)."""

    def send(self, channel: Channel, to: Sequence[str], message: Message) -> None:
        """One message over one channel. Raises what SMTP raises, or PostError."""
        if channel.kind == "mail":
            _mail(channel.connection, to, message)
        else:
            _apprise(channel.connection, message)


def _mail(connection: str, to: Sequence[str], message: Message) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook(connection) as hook:
        client: Any = hook._smtp_client  # the provider's own log-in; its own mails have no plain text and no thread
        refused = client.send_message(mail(message, hook.from_email or hook.smtp_user or "euregio@localhost", to))
    if refused:
        raise PostError("the mail server refused recipients", found=f"{len(refused)} of {len(to)}")


def mail(message: Message, sender: str, to: Sequence[str]) -> EmailMessage:
    """The mail of a message: text and HTML, in one thread with the other mails of its incident."""
    subject = " ".join(message.subject.split())
    made = EmailMessage(_UNFOLDED if subject.isascii() else policy.default)  # encoded words must be folded
    made["Subject"] = subject
    made["From"], made["To"], made["Date"] = sender, ", ".join(to), formatdate()
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    made["Message-ID"] = make_msgid(domain=domain)
    made["References"] = f"<incident-{message.thread}@{domain}>"
    made["In-Reply-To"] = made["References"]
    made["Auto-Submitted"] = "auto-generated"  # so that no absence notice answers it
    made["X-Euregio-Incident"], made["X-Euregio-Severity"] = message.thread, message.severity
    if message.severity == "critical" and message.facts.get("what") != "closed":
        made["Importance"] = "high"
    made.set_content(message.text)
    made.add_alternative(message.html, subtype="html")
    return made


def _apprise(connection: str, message: Message) -> None:
    try:
        import apprise
    except ImportError as error:
        raise PostError("Apprise is not installed", do="Install requirements-production.lock.") from error
    from airflow.providers.apprise.hooks.apprise import AppriseHook

    hook, sender = AppriseHook(connection), apprise.Apprise()
    hook.set_config_from_conn(hook.get_connection(connection), sender)
    if not len(sender):
        raise PostError("the connection holds no address that Apprise knows", where=connection)
    closed = message.facts.get("what") == "closed"
    kind = "success" if closed else _APPRISE[message.severity]
    # a webhook's reader gets the facts too: Apprise has one body, so they stand below the text
    body = f"{message.text}\n{json.dumps(message.facts, ensure_ascii=False, default=str)}\n"
    # the provider's own notify() does not say whether anything arrived
    if not sender.notify(
        body=body, title=message.subject, notify_type=apprise.NotifyType(kind), body_format=apprise.NotifyFormat.TEXT
    ):
        raise PostError("Apprise could not deliver", where=connection)
