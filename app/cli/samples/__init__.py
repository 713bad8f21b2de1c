"""The sample feed: what a security vendor might send in a month, made up from beginning to end.

Some four hundred objects of all types that matter, at every TLP level, in both TLP dialects. Names are invented, addresses and domains are those that
are reserved for documentation (RFC 5737, RFC 3849, RFC 2606). The same parties give the same objects, to the byte.

* `builder`    ids, dates and markings: how an object gets into the feed
* `story`      the campaigns: who, with what, against whom, at which level
* `objects`    from the story to objects; `patterns` what indicators look for
* `campaign`   a prevention campaign for everybody, by the secretariat
"""

from app.cli.samples.builder import Parties
from app.cli.samples.campaign import prevention
from app.cli.samples.objects import feed

__all__ = ["Parties", "feed", "prevention"]
