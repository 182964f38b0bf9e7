"""The id of a lead, made of the submission that makes it."""

import hashlib

from schemas.message import LeadId


def new_lead(submission_id: str, recorded_ms: int) -> LeadId:
    """UUIDv7 layout: recorded time, then a hash of the submission's id. The same whenever it is made again."""
    text = (recorded_ms & 0xFFFFFFFFFFFF).to_bytes(6, "big").hex() + _tail(submission_id)
    return LeadId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def is_made_by(lead: str, submission_id: str) -> bool:
    """Whether this submission made the lead, and did not only add to it."""
    return lead.replace("-", "")[12:] == _tail(submission_id)


def _tail(submission_id: str) -> str:
    tail = bytearray(hashlib.blake2b(submission_id.encode(), digest_size=10).digest())
    tail[0] = (tail[0] & 0x0F) | 0x70
    tail[2] = (tail[2] & 0x3F) | 0x80
    return tail.hex()
