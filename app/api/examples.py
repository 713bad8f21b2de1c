"""One request and its answer for each endpoint, as the published contract shows them. Invented organisations, reserved names and addresses."""

from collections.abc import Mapping
from typing import Final

from app.taxii.media import STIX, TAXII

_COLLECTION_ID: Final = "3f1d0c1e-6f0b-4a53-9a55-0d2f6a9c7b10"
_INDICATOR_ID: Final = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
_VERSION: Final = "2026-01-20T08:15:00.000Z"
_DATE_ADDED: Final = "2026-01-20T08:15:03.250001Z"
_STATUS_ID: Final = "2d086da7-4bdc-4f91-900e-d77486753710"

INDICATOR: Final[Mapping[str, object]] = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": _INDICATOR_ID,
    "created": _VERSION,
    "modified": _VERSION,
    "name": "Command server of a banking trojan",
    "pattern": "[ipv4-addr:value = '198.51.100.7']",
    "pattern_type": "stix",
    "valid_from": _VERSION,
    "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
}
COLLECTION: Final[Mapping[str, object]] = {
    "id": _COLLECTION_ID,
    "title": "Alliance indicators",
    "description": "Indicators that all members share. Objects without a TLP marking count as TLP:GREEN.",
    "alias": "alliance",
    "can_read": True,
    "can_write": False,
    "media_types": [STIX],
}
STATUS: Final[Mapping[str, object]] = {
    "id": _STATUS_ID,
    "status": "complete",
    "request_timestamp": "2026-01-20T08:15:03.000000Z",
    "total_count": 1,
    "success_count": 1,
    "successes": [{"id": _INDICATOR_ID, "version": _VERSION}],
    "failure_count": 0,
    "pending_count": 0,
}
ENVELOPE: Final[Mapping[str, object]] = {"more": False, "objects": [INDICATOR]}

RESOURCES: Final[Mapping[str, Mapping[str, object]]] = {
    "Discovery": {
        "title": "Legation",
        "contact": "operations@example.org",
        "default": "https://taxii.example.org/members/",
        "api_roots": ["https://taxii.example.org/members/", "https://taxii.example.org/public/"],
    },
    "ApiRoot": {"title": "Members", "versions": [TAXII], "max_content_length": 10485760},
    "Collections": {"collections": [COLLECTION]},
    "Collection": COLLECTION,
    "Status": STATUS,
    "Envelope": ENVELOPE,
    "Manifest": {"more": False, "objects": [{"id": _INDICATOR_ID, "date_added": _DATE_ADDED, "version": _VERSION}]},
    "ObjectVersions": {"more": False, "versions": [_VERSION]},
    "Deliveries": {
        "more": False,
        "deliveries": [
            {
                "collection": "members/alliance",
                "id": _INDICATOR_ID,
                "version": _VERSION,
                "contributor": "ng-cert",
                "organisation": "ke-cert",
                "client": "ke-cert/misp",
                "delivered": "2026-01-20T08:16:00.104729Z",
                "epoch": 3,
            }
        ],
    },
}
"""By the name of the resource."""

PARAMETERS: Final[Mapping[str, object]] = {
    "api_root": "members",
    "collection": _COLLECTION_ID,
    "object_id": _INDICATOR_ID,
    "status_id": _STATUS_ID,
    "added_after": "2026-01-19T00:00:00.000000Z",
    "limit": 1000,
    "match[id]": [_INDICATOR_ID],
    "match[type]": ["indicator", "relationship"],
    "match[version]": ["last"],
    "match[spec_version]": ["2.1"],
}
