"""Fill the cache of rocrate-validator, so that it needs no network; run by its own Python.

The validator reads the JSON-LD context of RO-Crate 1.1 from its address. Here it is given the
context that the RO-Crate library ships, which is that of a later version and holds all terms of
1.1. Of these the checksum is taken out again, because 1.1 does not have it.
"""

import json
import sys
from importlib import resources
from io import BytesIO

from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from urllib3 import HTTPResponse

URL = "https://w3id.org/ro/crate/1.1/context"


class Shipped(HTTPAdapter):
    """Answers every request with the shipped context."""

    def send(self, request, **_):
        shipped = resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_text("utf-8")
        terms = json.loads(shipped)["@context"]
        del terms["sha256"]
        # Where 1.1 has them, and the later version no longer.
        for name in ("ComputationalWorkflow", "FormalParameter"):
            terms[name] = f"https://bioschemas.org/{name}"
        answer = HTTPResponse(
            body=BytesIO(json.dumps({"@context": terms}).encode()),
            headers={"Content-Type": "application/ld+json"},
            status=200,
            preload_content=False,
            request_url=request.url,
        )
        return self.build_response(request, answer)


session = CachedSession(cache_name=sys.argv[1], backend="sqlite")
session.mount("https://", Shipped())
session.get(URL).raise_for_status()
