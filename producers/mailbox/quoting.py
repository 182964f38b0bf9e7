"""What somebody wrote, without the mail that they answer below or above it. Pure.

Each program quotes in its own way. Where it isn't sure, a line stays: too much is read over, what is cut off is lost.
"""

import re
from typing import Final

LINES_MAX: Final = 5_000
LINE_CHARACTERS_MAX: Final = 300
"""No line that begins a quotation is longer."""
_VERBS: Final = "wrote|schrieb|a écrit|escribió|ha scritto|schreef|skrev|escreveu"
_BEFORE: Final = r"^(on|am|le|el|il|op|den|em)\b"
_DATED = re.compile(rf"{_BEFORE}.{{6,200}}({_VERBS}).{{0,60}}:$", re.IGNORECASE)
_NAMED = re.compile(rf"^.{{3,200}}\b({_VERBS}):$", re.IGNORECASE)
_LABELS: Final = "original message|ursprüngliche nachricht|message d'origine|mensaje original|forwarded message"
_LABELLED = re.compile(rf"^-{{2,}}\s*({_LABELS})\s*-{{2,}}$", re.IGNORECASE)
_BEGUN = re.compile(_BEFORE, re.IGNORECASE)
_OUTLOOK_FIRST = re.compile(r"^\*?(from|von|de|da|van):\*?\s+\S", re.IGNORECASE)
_OUTLOOK_NEXT = re.compile(
    r"^\*?(sent|gesendet|envoyé|enviado|inviato|verzonden|date|datum|to|an|à|para|a|aan):\*?\s+\S", re.IGNORECASE
)
_RULE = re.compile(r"^_{20,}$")


def without_quotes(text: str) -> str:
    """The lines that are the writer's own, without a signature that is set off."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:LINES_MAX]]
    kept: list[str] = []
    for at, line in enumerate(lines):
        if line == "--" or _begins_quotation(lines, at):
            break
        if not line.startswith(">"):
            kept.append(line)
    return "\n".join(kept).strip()


def _begins_quotation(lines: list[str], at: int) -> bool:
    line = lines[at].strip()
    if not line or len(line) > LINE_CHARACTERS_MAX:
        return False
    following = next((one.strip() for one in lines[at + 1 : at + 4] if one.strip()), "")
    if _RULE.match(line):
        return bool(_OUTLOOK_FIRST.match(following))
    if _OUTLOOK_FIRST.match(line):
        return bool(_OUTLOOK_NEXT.match(following))
    if _LABELLED.match(line) or _DATED.match(line):
        return True
    if _NAMED.match(line):
        # Somebody may write such a sentence too; of a quotation, the next line has its mark.
        return following.startswith(">")
    # Long ones are broken: `On Monday, Ana Silva` / `<ana@example.com> wrote:`
    both = f"{line} {following}"
    return bool(_BEGUN.match(line)) and len(both) <= LINE_CHARACTERS_MAX and bool(_DATED.match(both))
