"""A small alliance without mistakes, as files: what the tests of app/configuration spoil, one thing at a time."""

from pathlib import Path

SMALL = {
    "auth/issuers.toml": '[login]\nissuer = "https://login.example"\naudience = "legation"\nkeys = "https://login.example/keys"\n',
    "auth/groups/afjoc.toml": 'name = "African operation"\nmembers = ["ng-cert", "ke-cert", "secretariat"]\n',
    "auth/organisations/ng-cert.toml": """kind = "member"
name = "Nigeria CERT"
jurisdiction = "NG"
identities = ["identity--0d1c8a37-6a52-4d5b-9a0e-6ad6a0b31c11"]
withhold_from = ["org:vendor"]
[clients.misp]
roles = ["reader", "contributor"]
subjects = ["login/misp@ng"]
[clients.desk]
roles = ["reader", "red-reader"]
identities = ["identity--7d1f1f5a-30c5-4d0b-8f3b-51c0f2d9ab22"]
""",
    "auth/organisations/ke-cert.toml": """kind = "member"
name = "Kenya CERT"
jurisdiction = "KE"
identities = ["identity--6b9e3c1d-2f80-4c63-8a57-90d1e4b7fa33"]
[clients.misp]
roles = ["reader", "contributor"]
""",
    "auth/organisations/vendor.toml": """kind = "partner"
name = "Vendor"
agreement_until = 2031-12-31
[clients.push]
roles = ["reader", "contributor"]
""",
    "auth/organisations/secretariat.toml": 'kind = "secretariat"\nname = "Secretariat"\n[clients.curator]\nroles = ["reader", "curator"]\n',
    "collections/members/api-root.toml": 'title = "Members"\ndefault = true\n',
    "collections/members/ng-indicators.toml": """id = "3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a01"
title = "Nigeria indicators"
kind = "national"
owner = "ng-cert"
readers = ["group:members"]
writers = ["org:ng-cert"]
ceiling = "red"
unmarked = "amber+strict"
red_recipients = ["user:ng-cert/desk"]
""",
    "collections/members/alliance.toml": """id = "3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a02"
title = "Alliance"
kind = "alliance"
owner = "secretariat"
readers = ["group:members", "group:secretariat"]
writers = ["group:members"]
ceiling = "amber+strict"
unmarked = "green"
""",
    "collections/operations/api-root.toml": 'title = "Operations"\n',
    "collections/operations/afjoc.toml": """id = "3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a03"
title = "Operation AFJOC"
kind = "operation"
owner = "secretariat"
readers = ["group:afjoc"]
writers = ["group:afjoc"]
unmarked = "amber"
""",
    "collections/intake/api-root.toml": 'title = "Intake"\n',
    "collections/intake/vendor.toml": """id = "3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a04"
title = "Intake Vendor"
kind = "intake"
owner = "secretariat"
readers = ["org:vendor"]
writers = ["org:vendor"]
unmarked = "amber"
release_to = ["members/alliance"]
""",
    "collections/public/api-root.toml": 'title = "Public"\n',
    "collections/public/campaigns.toml": """id = "3f0b7a52-8d1e-4c60-9b7a-1c2d3e4f5a05"
title = "Campaigns"
kind = "public"
owner = "secretariat"
readers = ["public"]
writers = ["group:secretariat"]
ceiling = "clear"
unmarked = "clear"
""",
    "policies/read.cedar": '@id("nobody")\nforbid (principal, action, resource);\n',
    "policies/schema.cedarschema": "entity Principal;\n",
    "policies/aliases.toml": '"marking-definition--826578e1-40ad-459f-bc73-ede076f81f37" = "amber+strict"\n',
    "policies/cases/read.toml": 'name = "a case"\n',
}


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write files, with their folders."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
