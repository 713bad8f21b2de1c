"""Silence about the rest (DESIGN 2, promise 1; access-policy 6, property 1): what a client may not see changes nothing that he receives.

Each history is played once whole and once as it would have been without what an observer can never see. Every answer that he gets, to his reads on
every endpoint and to his own deeds, must be equal to the last byte. Beside that, no answer holds a token or an id of something he may not see.
"""
