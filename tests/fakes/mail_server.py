"""An SMTP server on loopback that keeps what it is given. Use as a context manager."""

import email
import email.policy
import socketserver
import threading
from dataclasses import dataclass
from email.message import EmailMessage


@dataclass(frozen=True)
class Mail:
    """One message, as the server took it."""

    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return str(self.message.get_content())


class MailServer:
    """`busy` makes it refuse every message for now, as an overloaded server does."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.busy = False
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def subjects(self) -> list[str]:
        return [mail.subject for mail in self.mails]

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _handler_of(server: MailServer) -> type[socketserver.StreamRequestHandler]:
    return type("Handler", (_Session,), {"to": server})


class _Session(socketserver.StreamRequestHandler):
    to: MailServer

    def handle(self) -> None:
        self.recipients: list[str] = []
        self.say("220 loopback")
        while line := self.rfile.readline().decode("ascii").strip():
            verb = line[:4].upper()
            self.say(self.answer(verb, line))
            if verb == "QUIT":
                return

    def answer(self, verb: str, line: str) -> str:
        if verb == "RCPT":
            self.recipients.append(line.partition("<")[2].partition(">")[0])
        if verb == "DATA":
            return "451 come back later" if self.to.busy else self.take()
        return "221 bye" if verb == "QUIT" else "250 ok"

    def take(self) -> str:
        self.say("354 go on")
        lines = iter(self.rfile.readline, b".\r\n")
        content = b"".join(line.removeprefix(b".") for line in lines)
        message = email.message_from_bytes(content, policy=email.policy.default)
        self.to.mails.append(Mail(tuple(self.recipients), message))
        return "250 taken"

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
