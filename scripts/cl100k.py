"""Pack OpenAI's rank file `cl100k_base.tiktoken` into the table that `sidecar.embedding.token_ids` reads.

    python scripts/cl100k.py RANK_FILE

The file is the one that the library tiktoken (MIT licence) fetches by this name; it is known by its digest alone, so
it does not matter where it comes from (the wheel of litellm has it under the SHA-1 of its address).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sidecar.embedding.token_ids import SHA256, TABLE  # noqa: E402  # the path is set above


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    raw = parser.parse_args().file.read_bytes()
    if hashlib.sha256(raw).hexdigest() != SHA256:
        print("That is another file.", file=sys.stderr)
        return 1
    tokens = [base64.b64decode(line.split()[0]) for line in raw.splitlines()]
    TABLE.write_bytes(zlib.compress(bytes(map(len, tokens)) + b"".join(tokens), 9))
    return 0


if __name__ == "__main__":
    sys.exit(main())
