"""Whose submission is it? Pure: what was claimed before goes in, who it is comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from schemas import commands
from schemas.lead_ids import new_lead
from schemas.message import LeadId, Sealed
from schemas.person import Blocked, Identifying, Traits
from schemas.submissions import ContactEdited, SubmissionReceived

BLOCKED: Final = "blocked at the person's wish"


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """An HMAC that tells a person. An e-mail is certain; a phone only where no e-mail speaks against it."""

    kind: Identifying | Literal["visitor"]
    hash: str


@dataclass(slots=True)
class Known:
    """Claims in force: who has which identifier, and which of these leads are known by an e-mail.

    `blocked` ones are nobody's for good; the value says whether one counts beside an address that is not blocked.
    """

    owners: dict[Identifier, LeadId]
    with_email: set[LeadId]
    blocked: Mapping[Identifier, bool] = field(default_factory=dict)

    def take(self, traits: Traits, lead: LeadId) -> list[Identifier]:
        """Give `lead` what is still free of these identifiers, and say which: a later submission finds them taken."""
        free = [one for one in identifiers(traits) if one not in self.owners and one not in self.blocked]
        for identifier in free:
            self.owners[identifier] = lead
        if traits.email_hash is not None:
            self.with_email.add(lead)
        return free

    def take_visitor(self, hash_: str | None, lead: LeadId) -> list[Identifier]:
        """The same for a browser, which is told by no address and no number: nobody is found by it."""
        free = [one for one in visitor(hash_) if one not in self.owners]
        self.owners.update(dict.fromkeys(free, lead))
        return free


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose submission it is.

    Attributes:
        created: nobody had these identifiers.
        suggestion: another lead with the same phone but another e-mail: perhaps the same person, perhaps a switchboard.
    """

    lead: LeadId
    created: bool
    suggestion: LeadId | None = None


def identifiers(traits: Traits) -> list[Identifier]:
    """What a person can be told by, the certain one first."""
    found = []
    if traits.email_hash is not None:
        found.append(Identifier("email", traits.email_hash))
    if traits.phone_hash is not None:
        found.append(Identifier("phone", traits.phone_hash))
    return found


def visitor(hash_: str | None) -> list[Identifier]:
    """What a browser is claimed by. It identifies no person: whose a submission is never follows from it."""
    return [] if hash_ is None else [Identifier("visitor", hash_)]


def kinds(claimed: Sequence[Identifier]) -> tuple[Identifying, ...]:
    """As commands and facts say what a lead was given: `traits` have the hashes."""
    return tuple(identifier.kind for identifier in claimed if identifier.kind != "visitor")


def to_block(claimed: Sequence[Identifier]) -> tuple[Blocked, ...]:
    """What somebody was known by, as it is blocked. A number counts alone only for who had no address: others may share it."""
    alone = all(identifier.kind != "email" for identifier in claimed)
    people = [(one.kind, one.hash) for one in sorted(claimed) if one.kind != "visitor"]
    return tuple(Blocked(kind=kind, hash=hash_, alone=alone or kind == "email") for kind, hash_ in people)


def is_blocked(traits: Traits, known: Known) -> bool:
    """Whether this is somebody who does not want to be a lead again."""
    if not known.blocked:
        return False
    found = [known.blocked[identifier] for identifier in identifiers(traits) if identifier in known.blocked]
    return any(alone or traits.email_hash is None for alone in found)


def edit(asked: ContactEdited, known: Known) -> tuple[commands.EditLead, list[Identifier]]:
    """The command to `leads`, which answers whoever asked, and what to claim. An address of another lead is refused."""
    email = asked.traits.email_hash
    owner = None if email is None else known.owners.get(Identifier("email", email))
    taken = owner is not None and owner != asked.lead
    refused = f"the address belongs to the lead {owner}" if taken else BLOCKED if is_blocked(asked.traits, known) else ""
    claimed = [] if refused else known.take(asked.traits, asked.lead)
    command = commands.EditLead(
        lead=asked.lead,
        personal=asked.personal,
        command_id=asked.command_id,
        actor=asked.actor,
        expected_version=asked.expected_version,
        fields=asked.fields,
        changes=asked.changes,
        traits=asked.traits,
        claimed=kinds(claimed),
        refused=refused,
    )
    return command, claimed


def resolve(submission: SubmissionReceived, known: Known, recorded_ms: int) -> Verdict:
    """Decide by the claims in force; the caller claims what is still free for the verdict's lead."""
    email, phone = submission.traits.email_hash, submission.traits.phone_hash
    by_email = None if email is None else known.owners.get(Identifier("email", email))
    by_phone = None if phone is None else known.owners.get(Identifier("phone", phone))
    if by_email is not None:
        return Verdict(by_email, created=False, suggestion=by_phone if by_phone != by_email else None)
    if by_phone is not None:
        if email is None or by_phone not in known.with_email:
            return Verdict(by_phone, created=False)
        return Verdict(new_lead(submission.submission_id, recorded_ms), created=True, suggestion=by_phone)
    return Verdict(new_lead(submission.submission_id, recorded_ms), created=True)


def capture(
    submission: SubmissionReceived, verdict: Verdict, claimed: Sequence[Identifier], personal: Sealed
) -> commands.CaptureLead:
    """The command to `leads`. Its id is the submission's, so that whoever submitted can ask what became of it."""
    return commands.CaptureLead(
        lead=verdict.lead,
        personal=personal,
        command_id=submission.submission_id,
        actor=submission.actor or f"source:{submission.source.source_id}",
        created=verdict.created,
        submission_id=submission.submission_id,
        source=submission.source,
        campaign=submission.campaign,
        consent=submission.consent,
        consents=submission.consents,
        traits=submission.traits,
        claimed=kinds(claimed),
        quiet=submission.quiet,
        submitted_at=submission.submitted_at,
        visitor=next((one.hash for one in claimed if one.kind == "visitor"), None),
        unconfirmed=submission.unconfirmed,
    )
