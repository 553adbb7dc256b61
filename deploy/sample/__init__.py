"""The shipped sample: five agencies of invented people, and one case to tell.

`make` builds it anew from a seed, `story` names the planted suspect and the people
whom a search for him must not find.
"""
