"""findings.py JSON - what testssl found, but for what is about the certificate,
which is self-made and says so. Prints nothing when all is well."""

import json
import sys

found = json.load(open(sys.argv[1]))
about_the_certificate = ("cert_", "OCSP", "DNS_CAA")
# Whether a session resumes it asks a client that leaves before its ticket comes.
about_testssl = ("engine_problem", "service", "sessionresumption_")
for one in found:
    if one["severity"] in ("OK", "INFO") or one["id"].startswith(about_testssl):
        continue
    if not one["id"].startswith(about_the_certificate):
        print(one["severity"], one["id"], one["finding"])
names = {one["id"] for one in found}
for name in ("TLS1_2", "TLS1_3", "heartbleed", "LUCKY13", "cipher_order"):
    if name not in names:
        print("not looked for:", name)
