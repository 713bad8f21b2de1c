"""What can be asked for: a closed list (access-policy: actions). A policy that names another action fails validation at start."""

from enum import StrEnum


class Action(StrEnum):
    """One deed that a policy allows or denies."""

    DISCOVER = "discover"
    READ = "read"
    REVIEW = "review"
    RELEASE = "release"
    EXPLAIN = "explain"
    WRITE_NEW = "writeNew"
    WRITE_VERSION = "writeVersion"
    REVOKE = "revoke"
    DELETE = "delete"
    HOLD = "hold"
    ADMINISTRATE = "administrate"
    READ_AUDIT = "readAudit"
