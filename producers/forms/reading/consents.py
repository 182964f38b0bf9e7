"""What the person allowed. Only an explicit field says so; a refusal is never lost."""

from producers.forms.reading import shapes
from producers.forms.reading.sheet import Sheet


def take_consents(sheet: Sheet) -> tuple[bool | None, dict[str, bool]]:
    """Overall and by purpose.

    Overall is what the plain consent (or the one to be contacted) says; without one, all purposes must be allowed.
    Accepting terms of use allows nothing else, so it stands among the purposes only.
    """
    plain: list[bool] = []
    by_purpose: dict[str, bool] = {}
    for entry in sheet.of("consent"):
        purpose = entry.means.consent
        # The words that were shown say "I agree" whether or not somebody did.
        given = None if entry.means.circumstance else shapes.yes_or_no(entry.field.value)
        if given is None:
            if entry.field.value in (None, "") or entry.means.circumstance:
                sheet.take(entry)
            continue
        sheet.take(entry)
        if purpose == "opt_out":
            # Not refusing is not consenting.
            plain += [False] if given else []
            continue
        if purpose:
            by_purpose[purpose] = by_purpose.get(purpose, True) and given
        if purpose in ("", "contact"):
            plain.append(given)
    deciding = plain or [given for purpose, given in by_purpose.items() if purpose != "terms"]
    return (all(deciding) if deciding else None), by_purpose
