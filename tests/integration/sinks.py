"""Where alerts arrive in tests: a mail server and a webhook receiver on the loopback."""

from __future__ import annotations

import email
import email.policy
import json
import socket
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from sinks_of_watchers import HttpSink


class MailSink:
    """A mail server that keeps what it gets; `refuse` makes it refuse every recipient, `password` asks for a log-in."""

    def __init__(self, password: str | None = None) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse = False
        self._password = password
        with socket.socket() as probe:  # the controller knocks at the port it was told, so it must not be 0
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        asked = {"authenticator": self._knows, "auth_required": True, "auth_require_tls": False} if password else {}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **asked)

    def _knows(self, server, session, envelope, mechanism, auth_data):  # noqa: ARG002  aiosmtpd's names
        return AuthResult(success=auth_data.password == (self._password or "").encode())

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: ARG002  aiosmtpd's names
        if self.refuse:
            return "451 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: ARG002
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail["X-Rcpt"] = ",".join(envelope.rcpt_tos)
        self.mails.append(mail)
        return "250 OK"

    def __enter__(self) -> MailSink:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.mails]


class WebhookSink(HttpSink):
    """An HTTP receiver of JSON."""

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def messages(self) -> list[dict]:
        """What was posted, in the order of its arrival."""
        return [json.loads(body) for _, body in self.posts]

    @property
    def facts(self) -> list[dict]:
        """The facts that stand in the last line of each message."""
        return [json.loads(message["message"].strip().splitlines()[-1]) for message in self.messages]
