"""Where objects, labels, statuses, tokens and the alliance in force are kept.

* `contract`  what every store promises; its docstrings are the contract, tests/contract/ proves it
* `dates`     date_added, and the clock that may be trusted for it
* `memory`    the reference: each promise in its plainest form
* `sqlite/`   one file, several processes
* `mongo/`    one database, several processes on several machines
* `moving`    what a store holds, in pieces that another can keep
* `watched`   a decorator around any of them, for metrics

The room compares label numbers; it does not know what a label allows, who asks, or HTTP. Whoever wants a store gets it from the bootstrap.
"""
