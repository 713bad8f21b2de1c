"""Legation: a STIX 2.1 / TAXII 2.1 sharing server for alliances of sovereign members.

The rooms, from the ground up. A room looks down only; `make lint` proves it.

    errors clock     what can go wrong; now
    stix             what is shared: reading raw bytes, validation, patterns, markings, the handling label. Pure.
    taxii            the protocol's words: resources, media types, query, cursor, envelope. Pure.
    access           who may: alliance, principal, actions, decisions by Cedar, clearance. Pure.
    audit            what happened: a closed list of events.
    store            where it is kept: the contract; in memory, in SQLite.
    sharing          the deeds, one file per verb: the only road from a face to the store.
    configuration    reads auth/, collections/ and policies/ into an alliance; names every mistake at once.
    api              the TAXII face: HTTP is known here and nowhere below.
    bootstrap        the only place that picks a store, an engine, files.
    cli              the operator's face.

docs/a-request.md follows a GET and a POST through them.
"""
