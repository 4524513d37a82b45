"""Writes a software bill of materials, CycloneDX 1.6 as JSON: what Sidecar is installed with.

Names, versions and hashes come from the locked files that pip installs from, what needs what from uv.lock, licences
from the metadata of what is installed here. The same lock gives the same bytes: no random serial number, and the time
only when SOURCE_DATE_EPOCH sets one.

Source: https://cyclonedx.org/docs/1.6/json/, https://github.com/package-url/purl-spec (pypi).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("core", "builtin", "pdf", "mcp", "llama", "dev")
"""What the install stages add, in the order of installing; `dev` is needed for tests alone."""
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: ?; ?(?P<marker>[^\\]+?))? *\\?$")
_HASH = re.compile(r"^    --hash=sha256:([0-9a-f]{64})(?: \\)?$")
# What the metadata of old packages calls a licence, and its SPDX name: only where the two mean the same.
_SPDX = {
    "MIT": "MIT",
    "MIT License": "MIT",
    "Apache-2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD-3-Clause": "BSD-3-Clause",
    "MPL-2.0": "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="where to write it; the standard output without")
    parser.add_argument("--all", action="store_true", help="with what only tests need")
    arguments = parser.parse_args()
    stages = STAGES if arguments.all else STAGES[:-1]
    text = json.dumps(bill(stages), ensure_ascii=False, indent=2) + "\n"
    if arguments.file is None:
        sys.stdout.write(text)
    else:
        arguments.file.write_text(text, encoding="utf-8")
    return 0


def bill(stages: tuple[str, ...] = STAGES[:-1]) -> dict[str, Any]:
    """The bill of materials for what these stages install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    components = sorted(
        (component for stage in stages for component in _components(stage)), key=lambda found: found["bom-ref"]
    )
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    about = {
        "type": "application",
        "bom-ref": root,
        "name": project["name"],
        "version": project["version"],
        "purl": root,
        "licenses": [{"license": {"id": project["license"]}}],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {**_time(), "component": about},
        "components": components,
        "dependencies": _dependencies(project["name"], root, components, tests="dev" in stages),
    }


def _dependencies(project: str, root: str, components: list[dict[str, Any]], *, tests: bool) -> list[dict[str, Any]]:
    """Who needs whom, by the references of the bill; `tests` counts what the project's own tests need."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    needs: dict[str, set[str]] = {}
    for package in lock["package"]:
        extras = package.get("optional-dependencies", {}).values()
        groups = package.get("dev-dependencies", {}).values() if tests else ()
        wanted = [*package.get("dependencies", ()), *(one for group in (*extras, *groups) for one in group)]
        needs.setdefault(package["name"], set()).update(one["name"] for one in wanted)
    refs = [(root, project), *((component["bom-ref"], component["name"]) for component in components)]
    return [
        {"ref": ref, "dependsOn": [other for other, wanted in refs if wanted in needs[name] and other != ref]}
        for ref, name in refs
    ]


def _time() -> dict[str, str]:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return {} if epoch is None else {"timestamp": dt.datetime.fromtimestamp(int(epoch), tz=dt.UTC).isoformat()}


def _components(stage: str) -> Iterator[dict[str, Any]]:
    """The packages that a stage adds. Raises ValueError for a line that pins nothing or has no hash."""
    component: dict[str, Any] = {}
    for line in (ROOT / "scripts" / "requirements" / f"{stage}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        if (pinned := _PINNED.match(line)) is not None:
            if component:
                yield _checked(component)
            component = _begun(stage, pinned["name"], pinned["version"], pinned["marker"])
        elif (digest := _HASH.match(line)) is not None and component:
            component["externalReferences"][0]["hashes"].append({"alg": "SHA-256", "content": digest[1]})
        else:
            raise ValueError(f"{stage}.txt: {line!r} neither pins a package nor is its hash")
    if component:
        yield _checked(component)


def _begun(stage: str, name: str, version: str, marker: str | None) -> dict[str, Any]:
    normal = re.sub(r"[-_.]+", "-", name).lower()
    purl = f"pkg:pypi/{normal}@{version}"
    properties = [{"name": "sidecar:stage", "value": stage}]
    if marker is not None:
        properties.append({"name": "sidecar:where", "value": marker.strip()})
    return {
        "type": "library",
        # The same package may be locked in several versions, each for some Pythons.
        "bom-ref": purl if marker is None else f"{purl}#{marker.strip()}",
        "name": normal,
        "version": version,
        "purl": purl,
        "scope": "required" if stage == "core" else "optional",
        **_licences(normal),
        # The files that may be installed, one for each kind of system: whichever it is has one of these hashes.
        "externalReferences": [{"type": "distribution", "url": f"https://pypi.org/simple/{normal}/", "hashes": []}],
        "properties": properties,
    }


def _checked(component: dict[str, Any]) -> dict[str, Any]:
    if not component["externalReferences"][0]["hashes"]:
        raise ValueError(f"{component['name']} is locked without a hash")
    return component


def _licences(name: str) -> dict[str, Any]:
    """The licence as the installed package states it; nothing for one that is not installed or says nothing."""
    try:
        facts = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return {}
    if expression := facts["License-Expression"]:
        return {"licenses": [{"expression": expression}]}
    classifiers = facts.get_all("Classifier") or []
    stated = [entry.rpartition(" :: ")[2] for entry in classifiers if entry.startswith("License :: ")]
    if (text := (facts["License"] or "").strip()) and not stated:
        # Some packages put the whole text there.
        stated = [text.splitlines()[0].strip()]
    return {"licenses": [{"license": _licence(entry)} for entry in stated]} if stated else {}


def _licence(stated: str) -> dict[str, str]:
    return {"id": _SPDX[stated]} if stated in _SPDX else {"name": stated}


if __name__ == "__main__":
    sys.exit(main())
