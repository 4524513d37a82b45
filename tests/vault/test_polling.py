from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sidecar.vault.polling import needs_polling

MOUNTS = """\
20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
21 20 0:21 / /proc rw - proc proc rw
30 20 0:40 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync
31 20 0:41 / /mnt/my\\040nas rw shared:5 master:1 - cifs //nas/share rw
32 20 0:42 / /home/me/remote rw - fuse.sshfs me@host: rw
33 31 0:43 / /mnt/my\\040nas/local rw - ext4 /dev/sdb1 rw
34 20 0:44 / /twice rw - nfs4 host:/x rw
35 20 0:45 / /twice rw - tmpfs tmpfs rw
36 20 0:46 / /home/me/crypt rw - fuse.gocryptfs x rw
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts are read so on Linux alone")
@pytest.mark.parametrize(
    ("root", "needed"),
    [
        ("/home/me/vault", False),
        ("/mnt/c/Users/me/vault", True),
        ("/mnt/c", True),
        ("/mnt/cd/vault", False),
        ("/mnt/my nas/vault", True),
        ("/mnt/my nas/local/vault", False),
        ("/home/me/remote/vault", True),
        ("/home/me/crypt/vault", False),
        ("/twice/vault", False),
    ],
)
def test_file_systems_that_keep_changes_to_themselves_are_polled(tmp_path: Path, root: str, needed: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS, encoding="utf-8")
    assert needs_polling(Path(root), mounts=mounts) is needed


def test_without_a_list_of_mounts_the_system_is_trusted(tmp_path: Path) -> None:
    assert not needs_polling(tmp_path, mounts=tmp_path / "nowhere")
