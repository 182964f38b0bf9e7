"""Secrets of a laptop: made once, kept below the data folder, readable by their owner alone."""

import base64
import os
import secrets
from pathlib import Path

KEY_BYTES = 32


class UnreadableSecret(Exception):
    """A secret's file is there but can't be used."""


def master_key(folder: Path) -> str:
    """The master key as base64, made if there is none. Losing the file loses all personal data of this folder."""
    path = folder / "secrets" / "master.key"
    if path.exists():
        try:
            text = path.read_text(encoding="ascii").strip()
            found = len(base64.b64decode(text, validate=True))
        except ValueError:
            text, found = "", 0
        if found != KEY_BYTES:
            raise UnreadableSecret(f"{path} must hold base64 of {KEY_BYTES} bytes; restore it, or remove the whole data folder")
        return text
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    return text
