"""The deeds, one file per verb: `discover read add remove status curate administer identify survey explain recall`. The only road to the store.

A deed takes the exchange and the name of the client, finds out what he may, does it, and returns plain values. It knows no HTTP and no terminal.
Beside the verbs lie what they share: the door, the sight and the view of a client, the assessment of what arrives, its place in a thread, the commit.
"""
