"""Seals: who signed what, and what is no longer valid."""

from __future__ import annotations

import subprocess

import pytest

from lotwise.errors import InputError
from lotwise.record.seal import check_seal, write_seal

pytestmark = pytest.mark.requirement("SEA-001", "SEA-002")


@pytest.fixture
def signed(tmp_path, require):
    """A folder of two files, a key of Jane and the file of allowed signers."""
    require("ssh-keygen")
    root = tmp_path / "results"
    root.mkdir()
    (root / "a b.tsv").write_text("r\n0.99\n")
    (root / "verdict_criteria.yaml").write_text("title: t\n")
    lines = []
    for name in ("jane", "joe"):
        key = tmp_path / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        kind, public, *_ = key.with_suffix(".pub").read_text().split()
        lines.append(f'{name} namespaces="lotwise-seal" {kind} {public}\n')
    (tmp_path / "signers").write_text("".join(lines))
    return tmp_path


def seal(folder, by="jane", **given):
    told = {"name": "Jane Doe", "identity": by, "meaning": "performed"} | given
    return write_seal(folder / "results", key=folder / by, **told)


def check(folder, **given):
    return check_seal(folder / "results", **{"signers": folder / "signers"} | given)


def test_check_seal__several_signers_of_one_manifest(signed):
    seal(signed)
    seal(signed, by="joe", name="Joe Roe", meaning="approved")
    found = check(signed)
    assert found.holds
    assert [(one.name, one.meaning) for one in found.statements] == [
        ("Jane Doe", "performed"),
        ("Joe Roe", "approved"),
    ]
    done = subprocess.run(
        ["sha256sum", "-c", "--quiet", "seal/results/MANIFEST.sha256"],
        cwd=signed / "results",
        check=False,
    )
    assert done.returncode == 0


@pytest.mark.parametrize("how", ["changed", "missing", "new"])
def test_check_seal__files_that_are_not_those_signed(signed, how):
    seal(signed)
    path = signed / "results" / "a b.tsv"
    if how == "changed":
        path.write_text("r\n1.00\n")
    elif how == "missing":
        path.unlink()
    else:
        path.with_name("c.tsv").write_text("")
    (fault,) = check(signed).faults
    assert (
        fault
        == {
            "changed": "a b.tsv has changed",
            "missing": "a b.tsv is missing",
            "new": "c.tsv is not in the manifest",
        }[how]
    )
    with pytest.raises(InputError, match="has changed since it was sealed"):
        seal(signed, by="joe")


@pytest.mark.parametrize("what", ["name", "identity", "manifest", "signature"])
def test_check_seal__statements_that_do_not_hold(signed, what):
    statement = seal(signed)
    if what == "name":
        statement.write_text(statement.read_text().replace("Jane Doe", "Joe Roe"))
    elif what == "identity":
        statement.write_text(statement.read_text().replace("identity: jane", "identity: joe"))
    elif what == "manifest":
        # Sealed again after the folder was edited, with the old signature.
        (signed / "results" / "a b.tsv").write_text("edited")
        manifest = statement.with_name("MANIFEST.sha256")
        manifest.unlink()
        other = seal(signed, by="joe")
        other.unlink()
    else:
        statement.with_name(f"{statement.name}.sig").unlink()
    found = check(signed)
    assert not found.holds
    assert found.statements[0].fault


def test_check_seal__a_key_that_is_not_allowed(signed):
    seal(signed)
    (signed / "signers").write_text((signed / "signers").read_text().splitlines()[1] + "\n")
    assert "in the file of allowed signers" in check(signed).statements[0].fault
    assert check(signed, signers=None).holds


def test_check_seal__criteria_alone_stay_sealed_when_results_come(signed):
    seal(signed, scope="criteria", meaning="approved")
    (signed / "results" / "later.tsv").write_text("")
    assert check(signed, scope="criteria").holds
    (signed / "results" / "verdict_criteria.yaml").write_text("title: lax\n")
    assert check(signed, scope="criteria").faults == ("verdict_criteria.yaml has changed",)


def test_check_seal__time_stamp_of_an_authority(signed, require):
    require("openssl")
    folder = signed / "tsa"
    folder.mkdir()
    (folder / "tsa.cnf").write_text(
        "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=authority\n"
        "[ext]\nextendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
        "[tsa]\ndefault_tsa=one\n[one]\nserial=serial\ndefault_policy=1.2.3.4\n"
        "digests=sha256\nsigner_digest=sha256\ness_cert_id_alg=sha256\n"
    )
    (folder / "serial").write_text("01\n")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
        "-days", "2", "-config", "tsa.cnf",
    )  # fmt: skip
    statement = seal(signed, timestamp=True)
    response = statement.with_suffix(".tsr")
    openssl(
        "ts", "-reply", "-queryfile", statement.with_suffix(".tsq"), "-signer", "cert.pem",
        "-inkey", "key.pem", "-config", "tsa.cnf", "-out", response,
    )  # fmt: skip
    (one,) = check(signed, authority=folder / "cert.pem").statements
    assert (one.fault, one.stamped[:15]) == ("", "time authority:")
    assert "was not verified" in check(signed).statements[0].stamped
    response.write_bytes(response.read_bytes()[:-9])
    assert (
        "the time stamp is not valid"
        in check(signed, authority=folder / "cert.pem").statements[0].fault
    )


def test_write_seal__a_key_that_cannot_sign_leaves_no_statement(signed):
    (signed / "nokey").write_text("no key")
    with pytest.raises(InputError, match="ssh-keygen could not use this file"):
        seal(signed, by="nokey")
    assert not list((signed / "results" / "seal").rglob("*.txt"))
