"""Mails as other people's programs write them."""

from email.message import EmailMessage
from email.policy import SMTP

ANA = "Ana Silva <ana@acme.example>"
OURS = "<0f8e2c6a-7b1d-8e47-9c20-5d7e41b3a9f6@quayline.example>"


def reply(text: str = "Yes, please.", *, sender: str = ANA, about: str | None = OURS, **headers: str) -> bytes:
    """A mail from somebody; `about` is what it answers. Header names are written with _ for -."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = "hello@quayline.example"
    message["Subject"] = headers.pop("Subject", "Re: your message")
    message["Message-ID"] = headers.pop("Message_ID", "<reply-1@acme.example>")
    if about is not None:
        message["In-Reply-To"] = about
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def report(
    recipient: str = "ana@acme.example",
    *,
    status: str = "5.1.1",
    action: str = "failed",
    about: str | None = OURS,
    message_id: str = "<report-1@mx.acme.example>",
    headers_only: bool = False,
) -> bytes:
    """What a server says that could not deliver a mail."""
    original = f"From: hello@quayline.example\r\nTo: {recipient}\r\nSubject: Hello\r\n"
    original += f"Message-ID: {about}\r\n" if about else ""
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.acme.example>\r\n"
        f"Message-ID: {message_id}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n'
        "MIME-Version: 1.0\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you ...\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.acme.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} no such\r\n  mailbox here\r\n\r\n"
        f"--b\r\nContent-Type: {kind}\r\n\r\n{original}\r\n"
        "--b--\r\n"
    ).encode()
