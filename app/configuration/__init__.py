"""The alliance as files: reads auth/, collections/ and policies/, refuses what is off, writes new members and collections.

Knows files, the values of app/access/alliance.py and what they may say of each other. Does not know the store, the deeds, HTTP, or what a policy
means: the judge validates policies.

    folder      which file is what           shapes      what one file says by itself       names, countries   right names for wrong ones
    read        all of it at once            check_*     what files say of each other       draft, issuers     what the checks look at
    retired     ids that come back           describe    the tables of docs/alliance.md     model              the alliance that ships
    write, templates, sheet                  new files
"""

from app.configuration.describe import describe_keys
from app.configuration.model import init, model_folder
from app.configuration.read import read_alliance, read_cases
from app.configuration.retired import carry_retired, retired_problems
from app.configuration.sheet import read_collections_csv, read_members_csv
from app.configuration.templates import NewCollection, NewMember
from app.configuration.write import add_collection, add_collections, add_member, add_members

__all__ = [
    "NewCollection",
    "NewMember",
    "add_collection",
    "add_collections",
    "add_member",
    "add_members",
    "carry_retired",
    "describe_keys",
    "init",
    "model_folder",
    "read_alliance",
    "read_cases",
    "read_collections_csv",
    "read_members_csv",
    "retired_problems",
]
