"""The caught mails in the browser. Mails come from anywhere: all of them is escaped, and their HTML is boxed in."""

from collections.abc import Sequence
from html import escape
from typing import Final

from infra.local.mail_store import Mail

MAILS_SHOWN_MAX: Final = 200

# A mail's pictures may come from this machine (open tracking can be tried); nothing goes elsewhere and nothing runs.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; img-src data: http://127.0.0.1:* http://localhost:*"
)

STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .4rem .6rem; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
pre { background: #8881; overflow-wrap: anywhere; padding: 1rem; white-space: pre-wrap; }
iframe { background: #fff; border: 1px solid #8884; height: 36rem; width: 100%; }
.quiet { opacity: .7; }
"""


def list_page(mails: Sequence[Mail]) -> str:
    """All mails, newest first."""
    shown = mails[:MAILS_SHOWN_MAX]
    rows = "".join(
        f"<tr><td>{escape(mail.date)}</td><td>{escape(mail.to)}</td>"
        f'<td><a href="/messages/{escape(mail.id)}">{escape(mail.subject) or "(no subject)"}</a></td>'
        f"<td>{escape(mail.sender)}</td></tr>"
        for mail in shown
    )
    table = f"<table><thead><tr><th>Date<th>To<th>Subject<th>From</thead><tbody>{rows}</tbody></table>"
    more = f'<p class="quiet">and {len(mails) - len(shown)} older ones</p>' if len(mails) > len(shown) else ""
    head = '<meta http-equiv="refresh" content="5">'
    intro = '<p class="quiet">Nothing leaves this machine. <a href="/messages.json">The same as JSON</a></p>'
    return _page("Caught mails", intro + (table + more if mails else "<p>No mail yet.</p>"), head)


def mail_page(mail: Mail) -> str:
    """One mail: its headers, its text, and its HTML in a frame that may run nothing."""
    headers = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in mail.headers.items())
    text = f"<h2>Text</h2><pre>{escape(mail.text)}</pre>" if mail.text else ""
    framed = escape(f'<base target="_blank">{mail.html}')
    html = (
        '<h2>HTML</h2><iframe title="HTML part of the mail" '
        f'sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" srcdoc="{framed}"></iframe>'
        if mail.html
        else ""
    )
    links = f'<p><a href="/">All mails</a> · <a href="/messages/{escape(mail.id)}.eml">as it came (.eml)</a></p>'
    return _page(mail.subject or "(no subject)", f"{links}<table>{headers}</table>{text}{html}")


def _page(title: str, body: str, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
