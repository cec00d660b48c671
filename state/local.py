"""Whether a folder is on a disk of this machine: over a network neither SQLite's locks nor ours can be trusted,
nor where the host of a virtual machine shares its folders.

Source: https://www.sqlite.org/faq.html#q5 (locks), proc_pid_mountinfo(5) (the table of mounts).
"""

from __future__ import annotations

import re
from pathlib import Path

from sync.errors import StateError

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "drvfs", "fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs",
        "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "gfs2", "lustre", "ncpfs", "nfs", "nfs4",
        "ocfs2", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs",
    }
)  # fmt: skip
_OCTAL = re.compile(r"\\([0-7]{3})")


def check_local(folder: Path) -> None:
    """Nothing tells that ``folder`` is on a network file system. Raises ``StateError`` otherwise."""
    kind = _kind_of(folder.resolve())
    if kind in NETWORK:
        raise StateError(
            f"the folder {folder} is on a network file system ({kind}), where locks cannot be trusted",
            remedy="put [state] url on a disk of this machine, or set [state] network_file_system = true",
        )


def _kind_of(folder: Path) -> str | None:
    """The kind of file system that holds ``folder``; ``None`` where no table of mounts can be read."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    nearest, kind = -1, None
    for line in lines:
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            continue
        point = Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4]))
        depth = len(point.parts)
        if depth >= nearest and folder.is_relative_to(point):  # a later mount covers an earlier one
            nearest, kind = depth, right.split(" ")[0]
    return kind
