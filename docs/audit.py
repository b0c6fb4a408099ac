"""What lotwise depends on: versions, licences (none GPL), known vulnerabilities, and an SBOM.

``make audit`` runs it on the locked environment. Vulnerabilities are asked of OSV (https://osv.dev);
where that cannot be reached, this is said and nothing is claimed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import uuid
from importlib.metadata import Distribution, distributions
from pathlib import Path

import httpx

OSV = "https://api.osv.dev/v1/querybatch"
# The licence of MultiQC; LGPL, which allows to be linked, is another one.
GPL = re.compile(r"(?<!L)(?<!Lesser )(?<!Library or Lesser )(GPL|General Public License)")


def licence_of(distribution: Distribution) -> str:
    """Return the licence in the words of the package; empty where it says none."""
    told = distribution.metadata
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    text = (told.get("License") or "").strip().splitlines()
    return (
        told.get("License-Expression") or "; ".join(classifiers) or (text[0][:80] if text else "")
    )


def is_gpl(licence: str) -> bool:
    """Return whether a licence, and every one that it offers to choose from, is the GPL."""
    choices = re.split(r"\s+OR\s+|;\s*", licence)
    return bool(licence) and all(GPL.search(choice) for choice in choices)


def vulnerabilities(packages: dict[str, str]) -> dict[str, list[str]] | None:
    """Return the identifiers of known vulnerabilities by package; None where OSV is not reached."""
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
        for name, version in packages.items()
    ]
    try:
        answer = httpx.post(OSV, json={"queries": queries}, timeout=30).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        sys.stdout.write(f"vulnerabilities: not known, OSV could not be reached ({error})\n")
        return None
    found = zip(packages, answer["results"], strict=True)
    return {name: [one["id"] for one in told["vulns"]] for name, told in found if told.get("vulns")}


def sbom(licences: dict[str, tuple[str, str]]) -> dict[str, object]:
    """Return the packages as CycloneDX 1.5 lists them."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "components": [
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "licenses": [{"license": {"name": licence or "not stated"}}],
            }
            for name, (version, licence) in licences.items()
        ],
    }


def main() -> int:
    """List, judge and write; 1 where there is a GPL or a known vulnerability."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sbom", type=Path, help="write the SBOM there")
    arguments = parser.parse_args()
    licences = {
        one.metadata["Name"].lower().replace("_", "-"): (one.version, licence_of(one))
        for one in sorted(distributions(), key=lambda one: one.metadata["Name"].lower())
    }
    licences.pop("lotwise", None)
    for name, (version, licence) in licences.items():
        sys.stdout.write(f"{name:32} {version:14} {licence or 'not stated'}\n")
    gpl = [name for name, (_, licence) in licences.items() if is_gpl(licence)]
    silent = [name for name, (_, licence) in licences.items() if not licence]
    sys.stdout.write(
        f"{len(licences)} packages; GPL: {', '.join(gpl) or 'none'}; "
        f"licence not stated in the metadata: {', '.join(silent) or 'none'}\n"
    )
    if arguments.sbom:
        arguments.sbom.write_text(json.dumps(sbom(licences), indent=1) + "\n", encoding="utf-8")
    known = vulnerabilities({name: version for name, (version, _) in licences.items()})
    if known is not None:
        for name, identifiers in known.items():
            sys.stdout.write(f"vulnerable: {name} {licences[name][0]}: {', '.join(identifiers)}\n")
        sys.stdout.write(f"vulnerabilities: {sum(map(len, known.values()))} known to OSV\n")
    return 1 if gpl or known else 0


if __name__ == "__main__":
    sys.exit(main())
