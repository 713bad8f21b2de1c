"""Who may: the alliance as values, the principal who asks, the closed list of actions, the policies' decision, the clearance that a store compares with.

Pure. Cedar is known in `cedar` alone. Knows markings only as handling labels, and collections only as the alliance describes them.
"""
